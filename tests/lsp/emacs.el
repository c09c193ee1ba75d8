;; -*- lexical-binding: t -*-
;; Opens a file in Emacs with the language server by way of Eglot, reads the diagnostics, chooses the first code action at
;; the first of them, edits the buffer by hand, and writes what it saw to a file as JSON.
;; Variables: JITLINT_COMMAND (a JSON list), JITLINT_FILE, JITLINT_OUTPUT, JITLINT_LOAD_PATH (a JSON list).

(require 'json)
(require 'cl-lib)

(defvar jitlint-seen '())

(defun jitlint-strings (name)
  (append (json-parse-string (getenv name) :array-type 'list) nil))

(defun jitlint-saw (key value)
  (push (cons key value) jitlint-seen))

(defun jitlint-finish (code)
  (with-temp-file (getenv "JITLINT_OUTPUT")
    (insert (json-encode jitlint-seen)))
  (kill-emacs code))

(defun jitlint-await (what condition)
  (let ((left 300))
    (while (and (> left 0) (not (funcall condition)))
      (accept-process-output nil 0.1)
      (setq left (1- left)))
    (unless (funcall condition)
      (error "waited in vain for %s" what))))

;; Eglot tells of edits when Emacs is idle, which it never is in a batch.
(defun jitlint-tell ()
  (eglot--signal-textDocument/didChange))

(defun jitlint-shown ()
  (vconcat
   (mapcar (lambda (one)
             (save-excursion
               (goto-char (flymake-diagnostic-beg one))
               `((line . ,(line-number-at-pos))
                 (column . ,(1+ (- (point) (line-beginning-position))))
                 (text . ,(flymake-diagnostic-text one)))))
           (flymake-diagnostics))))

(condition-case problem
    (progn
      (dolist (folder (jitlint-strings "JITLINT_LOAD_PATH"))
        (add-to-list 'load-path folder))
      (require 'eglot)
      (require 'flymake)
      (setq eglot-server-programs `((python-mode . ,(jitlint-strings "JITLINT_COMMAND")))
            eglot-connect-timeout 60
            eglot-sync-connect 60
            python-flymake-command nil
            make-backup-files nil)
      (find-file (getenv "JITLINT_FILE"))
      (python-mode)
      (call-interactively 'eglot)
      (jitlint-await "the connection" #'eglot-current-server)
      (flymake-start)
      (jitlint-await "the first diagnostics" #'flymake-diagnostics)
      (jitlint-saw 'before (jitlint-shown))
      (goto-char (flymake-diagnostic-beg (car (flymake-diagnostics))))
      (let ((answer (jsonrpc-request (eglot-current-server) :textDocument/hover
                                     (eglot--TextDocumentPositionParams))))
        (jitlint-saw 'hover (plist-get (plist-get answer :contents) :value)))
      ;; What a user would pick from the list.
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_prompt offered &rest _)
                   (let ((titles (mapcar #'car offered)))
                     (jitlint-saw 'offered (vconcat titles))
                     (car titles))))
                (last-nonmenu-event t))
        (let ((here (point)))
          (eglot-code-actions here here "quickfix" t)))
      (jitlint-saw 'fixed (vconcat (split-string (buffer-string) "\n")))
      (jitlint-tell)
      (jitlint-await "the diagnostics after the fix" (lambda () (null (flymake-diagnostics))))
      ;; A line typed by hand: a name that does not exist.
      (goto-char (point-max))
      (forward-line -1)
      (delete-region (point) (line-end-position))
      (insert "        return nowhere")
      (jitlint-tell)
      (jitlint-await "the diagnostics after typing" #'flymake-diagnostics)
      (jitlint-saw 'typed (jitlint-shown))
      (set-buffer-modified-p nil)
      (jitlint-finish 0))
  (error
   (jitlint-saw 'failed (format "%S" problem))
   (jitlint-finish 1)))
