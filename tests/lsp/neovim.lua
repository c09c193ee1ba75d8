-- Opens a file in Neovim with the language server, reads the diagnostics, chooses the first code action at the first of
-- them, edits the buffer by hand, and writes what it saw to a file as JSON.
-- Variables: JITLINT_COMMAND (a JSON list), JITLINT_FOLDER, JITLINT_FILE, JITLINT_OUTPUT.

local seen = { messages = {} }
local output = vim.env.JITLINT_OUTPUT

local function finish(code)
  local file = assert(io.open(output, "w"))
  file:write(vim.fn.json_encode(seen))
  file:close()
  vim.cmd(code == 0 and "qall!" or "cquit!")
end

vim.notify = function(text) table.insert(seen.messages, tostring(text)) end
vim.lsp.handlers["window/showMessage"] = function(_, result) table.insert(seen.messages, result.message) end
-- What a user would pick from the list.
vim.ui.select = function(items, options, choose)
  seen.offered = vim.tbl_map(options.format_item or tostring, items)
  choose(items[1], 1)
end

local function shown()
  local list = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(list, {
      code = one.code or (one.user_data and one.user_data.lsp and one.user_data.lsp.code),
      line = one.lnum + 1,
      column = one.col + 1,
      text = one.message,
      source = one.source,
      severity = one.severity,
    })
  end
  return list
end

local function wait_for(what, condition)
  if not vim.wait(30000, condition, 10) then
    seen.failed = what
    finish(1)
  end
end

local ok, problem = pcall(function()
  vim.cmd("cd " .. vim.fn.fnameescape(vim.env.JITLINT_FOLDER))
  vim.cmd("edit " .. vim.fn.fnameescape(vim.env.JITLINT_FILE))
  vim.bo.filetype = "python"
  local settings = {
    name = "jitlint",
    cmd = vim.fn.json_decode(vim.env.JITLINT_COMMAND),
    root_dir = vim.env.JITLINT_FOLDER,
  }
  local client
  if vim.lsp.start then
    client = vim.lsp.start(settings)
  else -- before Neovim 0.8
    client = vim.lsp.start_client(settings)
    vim.lsp.buf_attach_client(0, client)
  end
  wait_for("the first diagnostics", function() return #vim.diagnostic.get(0) > 0 end)
  seen.before = shown()
  seen.encoding = vim.lsp.get_client_by_id(client).offset_encoding

  local first = vim.diagnostic.get(0)[1]
  vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
  local answer = vim.lsp.buf_request_sync(0, "textDocument/hover", vim.lsp.util.make_position_params(0, seen.encoding), 10000)
  seen.hover = answer[client].result.contents.value

  vim.lsp.buf.code_action()
  wait_for("the code action", function() return vim.bo.modified end)
  seen.fixed = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  wait_for("the diagnostics after the fix", function() return #vim.diagnostic.get(0) < #seen.before end)
  seen.after = shown()

  -- A line typed by hand: a name that does not exist.
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_buf_set_lines(0, last - 1, last, false, { "        return nowhere" })
  wait_for("the diagnostics after typing", function()
    for _, one in ipairs(vim.diagnostic.get(0)) do
      if one.message:find("nowhere") then return true end
    end
  end)
  seen.typed = shown()
end)
if not ok then
  seen.failed = tostring(problem)
end
finish(ok and 0 or 1)
