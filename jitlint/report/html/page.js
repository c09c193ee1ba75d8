"use strict";
// Search, filters and keys. The page is whole without it: everything shown is in the HTML already, and only hidden here.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const nothing = document.getElementById("nothing");
  const FEW = 40; // matches that are opened by themselves
  const FACETS = ["verdict", "severity", "compiler", "fix", "rule"];

  // What there is. A finding stands once, in the text of a unit (`home`) or of its file; `units` are all that have it.
  const nodes = all("details.n").map((element) => ({
    element, badge: element.querySelector(":scope > summary > .number"), parent: null, shown: 0, findings: 0,
  }));
  const nodeOf = new Map(nodes.map((node) => [node.element, node]));
  for (const node of nodes) node.parent = nodeOf.get(node.element.parentElement.closest("details.n")) || null;
  const findings = all(".f").map((element) => ({
    element, units: [], home: null, text: "", matches: false, shown: false,
    node: nodeOf.get(element.closest("details.n")),
    severity: element.dataset.s, compiler: element.dataset.x || "", fix: element.dataset.k || "", rule: element.dataset.r,
  }));
  const byNumber = new Map(findings.map((finding) => [finding.element.id.slice(1), finding]));
  const units = all(".u").map((element) => ({
    element, verdict: element.dataset.v, text: "", shown: false,
    node: nodeOf.get(element.closest("details.n")),
    findings: (element.dataset.f || "").split(" ").filter(Boolean).map((number) => byNumber.get(number)),
  }));
  const unitOf = new Map(units.map((unit) => [unit.element, unit]));
  for (const unit of units) for (const finding of unit.findings) finding.units.push(unit);
  for (const finding of findings) finding.home = unitOf.get(finding.element.closest(".u")) || null;
  const groups = all(".g");

  let texts = false;
  function readTexts() {
    if (texts) return;
    texts = true;
    for (const unit of units) {
      const path = unit.node.element.querySelector(".at").textContent;
      const own = unit.element.querySelector("summary, code").textContent;
      const why = unit.element.querySelector(".why");
      const name = unit.element.querySelector("code").textContent;
      const dotted = path.split(" \u00b7 ").pop() + "." + name;
      unit.text = [path, own, dotted, why ? why.textContent : ""].join(" ").toLowerCase();
    }
    for (const finding of findings) {
      const path = finding.node.element.querySelector(".at").textContent;
      const code = all("a.c", finding.element).map((link) => link.title).join(" ");
      finding.text = [path, code, finding.home ? finding.home.text : "", finding.element.textContent].join(" ").toLowerCase();
    }
  }

  const show = (element, shown) => { if (element.hidden === shown) element.hidden = !shown; };

  function asked() {
    const data = new FormData(form);
    const facets = Object.fromEntries(FACETS.map((name) => [name, new Set(data.getAll(name))]));
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    return { words, facets, any: words.length > 0 || FACETS.some((name) => facets[name].size) };
  }

  let before = null; // what was open before anything was filtered
  function filter() {
    const { words, facets, any } = asked();
    if (words.length) readTexts();
    const has = (text) => words.every((word) => text.includes(word));
    const fits = (name, value) => !facets[name].size || facets[name].has(value);
    const narrowed = ["severity", "compiler", "fix", "rule"].some((name) => facets[name].size);

    for (const finding of findings) {
      finding.matches = fits("severity", finding.severity) && fits("compiler", finding.compiler)
        && fits("fix", finding.fix) && fits("rule", finding.rule);
      finding.shown = finding.matches && has(finding.text)
        && (!facets.verdict.size || finding.units.some((unit) => facets.verdict.has(unit.verdict)));
    }
    for (const unit of units) {
      const some = unit.findings.some((finding) => finding.shown);
      unit.shown = fits("verdict", unit.verdict)
        && (narrowed ? some || (has(unit.text) && unit.findings.some((finding) => finding.matches)) : some || has(unit.text));
    }
    for (const finding of findings) if (finding.shown && finding.home) finding.home.shown = true;

    for (const node of nodes) node.shown = node.findings = 0;
    const tell = (item, isFinding) => {
      show(item.element, item.shown);
      if (!item.shown) return 0;
      item.node.shown += 1;
      if (isFinding) item.node.findings += 1;
      return 1;
    };
    let shownFindings = 0, shownUnits = 0;
    for (const finding of findings) shownFindings += tell(finding, true);
    for (const unit of units) shownUnits += tell(unit, false);
    for (const group of groups) show(group, [...group.children].some((child) => !child.hidden && child.localName !== "h3"));
    for (const node of nodes.slice().reverse()) {
      show(node.element, node.shown > 0);
      if (node.badge.dataset.n) {
        const whole = node.badge.dataset.n;
        node.badge.textContent = any && String(node.findings) !== whole ? `${node.findings} of ${whole}` : whole;
      }
      if (node.parent) { node.parent.shown += node.shown; node.parent.findings += node.findings; }
    }
    const of = (shown, whole, noun) => (shown === whole ? `${whole}` : `${shown} of ${whole}`) + ` ${noun}${whole === 1 ? "" : "s"}`;
    status.textContent = `${of(shownFindings, findings.length, "finding")}, ${of(shownUnits, units.length, "unit")}`;
    show(nothing, any && !shownFindings && !shownUnits);
    unfold(any, shownFindings, shownUnits);
    remember(any);
  }

  function unfold(any, shownFindings, shownUnits) {
    const folds = all("details.n, details.u");
    if (!any) {
      if (before) for (const fold of folds) fold.open = before.has(fold);
      before = null;
      return;
    }
    if (!before) before = new Set(folds.filter((fold) => fold.open));
    if (shownFindings <= FEW) for (const finding of findings) if (finding.shown) openTo(finding.element);
    if (shownUnits <= FEW) for (const unit of units) if (unit.shown) openTo(unit.element);
  }

  function openTo(element) {
    for (let at = element.parentElement.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  }

  // The filters stand in the address, so that it can be passed on. A file's address may refuse to be changed.
  function remember(any) {
    const data = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const hash = any ? `#?${data}` : location.hash.startsWith("#?") ? "#" : null;
    try { if (hash !== null) history.replaceState(null, "", hash); } catch { /* then it stays as it is */ }
  }
  function recall() {
    if (!location.hash.startsWith("#?")) return;
    const data = new URLSearchParams(location.hash.slice(2));
    form.elements.text.value = data.get("text") || "";
    for (const box of all("input[type=checkbox]", form)) box.checked = data.getAll(box.name).includes(box.value);
  }

  // Going to a finding, unit or rule: it may be folded away or filtered out.
  function reveal(id) {
    const target = id && document.getElementById(id);
    if (!target || !document.getElementById("main").contains(target)) return;
    if (target.closest("[hidden]")) clear();
    openTo(target);
    if (target.localName === "details") target.open = true;
    target.scrollIntoView({ block: "start" });
    const summary = target.querySelector(":scope > summary");
    if (summary) summary.focus({ preventScroll: true });
  }
  function clear() {
    form.reset();
    filter();
  }

  let timer = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(filter, event.target.name === "text" ? 80 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  nothing.querySelector("button").addEventListener("click", clear);
  document.getElementById("expand").addEventListener("click", () => {
    for (const fold of all("details.n:not([hidden]), details.u:not([hidden]), details.f:not([hidden])")) fold.open = true;
  });
  document.getElementById("collapse").addEventListener("click", () => {
    for (const fold of all("#tree details")) if (!fold.classList.contains("f")) fold.open = false;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal(link.hash.slice(1));
  });
  // A link to a finding tells its message.
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, (event) => {
    const link = event.target instanceof Element && event.target.closest("a[href^='#f']");
    const target = link && !link.title && document.getElementById(link.hash.slice(1));
    if (target) link.title = target.querySelector(".m").textContent;
  });
  window.addEventListener("hashchange", () => {
    if (location.hash.startsWith("#?")) { recall(); filter(); } else reveal(location.hash.slice(1));
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(input|textarea|select)$/.test(event.target.localName);
    const search = form.elements.text;
    if (event.key === "/" && (!typing || event.target.type === "checkbox")) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search && search.value) {
      search.value = "";
      filter();
    } else if (event.key === "ArrowDown" && event.target === search) {
      move(event, 1, -1);
    } else if (event.target.localName === "summary" && event.target.closest("main")) {
      keyInTree(event);
    }
  });
  function keyInTree(event) {
    const fold = event.target.parentElement;
    switch (event.key) {
      case "ArrowDown": move(event, 1); break;
      case "ArrowUp": move(event, -1); break;
      case "ArrowRight":
        if (fold.open) move(event, 1);
        else { event.preventDefault(); fold.open = true; }
        break;
      case "ArrowLeft": {
        event.preventDefault();
        const outer = fold.parentElement.closest("details");
        if (fold.open) fold.open = false;
        else if (outer) outer.querySelector("summary").focus();
        break;
      }
    }
  }
  function move(event, step, from) {
    event.preventDefault();
    const stops = all("main summary");
    let at = (from === undefined ? stops.indexOf(event.target) : from) + step;
    while (at >= 0 && at < stops.length && isFolded(stops[at])) at += step;
    if (stops[at]) stops[at].focus();
  }

  // What is folded away has boxes nevertheless, in browsers that search it, too.
  function isFolded(summary) {
    return summary.closest("[hidden]") || summary.parentElement.parentElement.closest("details:not([open])");
  }

  form.hidden = false;
  document.documentElement.classList.add("scripted");
  if (matchMedia("(max-width: 56rem)").matches) form.querySelector(".facets").open = false;
  recall();
  filter();
  if (!location.hash.startsWith("#?")) reveal(location.hash.slice(1));
})();
