// What pages do better with script; every one of them works without.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const typing = (node) => node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));

  // ---- times: relative ones age, ages grow, countdowns run; a tap shows UTC
  const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const span = (seconds) => {
    for (let i = 0; i < UNITS.length; i += 1) {
      const [size, unit] = UNITS[i];
      if (seconds < size && unit !== "s") continue;
      const count = Math.floor(seconds / size);
      const next = UNITS[i + 1];
      const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
      return rest > 0 ? `${count} ${unit} ${rest} ${next[1]}` : `${count} ${unit}`;
    }
    return "0 s";
  };
  const relative = (away) => {
    const size = Math.abs(away);
    if (size < 5) return "just now";
    const [count, unit] = size < 60 ? [size, "s"] : size < 3600 ? [Math.floor(size / 60), "min"]
      : size < 86400 ? [Math.floor(size / 3600), "h"] : [Math.floor(size / 86400), "d"];
    return away >= 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  };
  const tick = () => {
    const now = Date.now();
    for (const part of all("[data-rel],[data-age],[data-countdown]")) {
      const at = Date.parse(part.closest("time")?.dateTime ?? "");
      if (Number.isNaN(at)) continue;
      const away = Math.round((now - at) / 1000);
      let text;
      if ("rel" in part.dataset) text = relative(away);
      else if ("age" in part.dataset) text = span(Math.max(0, away));
      else text = away > 0 ? `${span(away)} overdue` : `in ${span(-away)}`;
      if (part.textContent !== text) part.textContent = text;
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("click", (event) => {
    const time = event.target.closest("time");
    if (!time || event.target.closest("a,button,summary,label")) return;
    if (time.dataset.local === undefined) {
      time.dataset.local = time.innerHTML;
      time.textContent = time.title;
    } else {
      time.innerHTML = time.dataset.local;
      delete time.dataset.local;
    }
  });

  // ---- questions before what cannot be taken back
  const sure = one("#sure");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = form.dataset?.confirm;
    if (!question || form.dataset.sure === "yes" || !sure?.showModal) return;
    event.preventDefault();
    const button = event.submitter;
    one("#sure-text").textContent = question;
    sure.returnValue = "no";
    sure.addEventListener("close", () => {
      if (sure.returnValue === "yes") {
        form.dataset.sure = "yes";
        form.requestSubmit(button);
        delete form.dataset.sure;
      } else {
        button?.focus();
      }
    }, { once: true });
    sure.showModal();
  });

  // ---- drafts: what was typed survives a reload
  const draftKey = (area) => `qd:${location.pathname}:${area.form?.getAttribute("action")}:${area.name}`;
  const restore = () => {
    for (const area of all("textarea[data-draft]")) {
      if (area.dataset.draft === "on") continue;
      area.dataset.draft = "on";
      try {
        const kept = localStorage.getItem(draftKey(area));
        if (kept && area.value === area.defaultValue && kept !== area.value && !one(".is-invalid", area.form)) area.value = kept;
      } catch { return; }
    }
  };
  restore();
  document.addEventListener("input", (event) => {
    const area = event.target;
    if (!area.matches?.("textarea[data-draft]")) return;
    try {
      if (area.value.trim() === "") localStorage.removeItem(draftKey(area));
      else localStorage.setItem(draftKey(area), area.value);
    } catch { /* no room, or not allowed: the text is still in the field */ }
  });
  // A draft is dropped once the text has been accepted: on the page after the post without an error.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.submitter?.value === "preview") return;
    for (const area of all("textarea[data-draft]", event.target)) {
      try { sessionStorage.setItem("qd:sent", draftKey(area)); } catch { /* as above */ }
    }
  });
  try {
    const sent = sessionStorage.getItem("qd:sent");
    if (sent) {
      sessionStorage.removeItem("qd:sent");
      if (!one(".summary")) {
        const area = all("textarea[data-draft]").find((a) => draftKey(a) === sent);
        if (area) area.value = area.defaultValue;
        localStorage.removeItem(sent);
      }
    }
  } catch { /* as above */ }
  one(".summary")?.focus();

  // ---- copying
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    const word = button.lastChild;
    const before = word.textContent;
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = before; }, 2000);
  });

  // ---- undo is offered for ten seconds
  for (const form of all("form[data-undo]")) setTimeout(() => form.remove(), 10000);

  // ---- sheets close on Escape and on a click elsewhere
  const sheets = "details.theme[open],details.more[open],details.act-more[open],details.pop[open]";
  document.addEventListener("click", (event) => {
    for (const sheet of all(sheets)) if (!sheet.contains(event.target)) sheet.open = false;
  });

  // ---- Markdown previews without leaving the page
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-preview]");
    if (!button) return;
    const area = document.getElementById(button.dataset.preview);
    const pane = one(`[data-preview-of="${button.dataset.preview}"]`);
    if (!area || !pane) return;
    event.preventDefault();
    const body = new URLSearchParams({ body: area.value, csrf: one("[name=csrf]", area.form).value });
    try {
      const reply = await fetch("/preview", { method: "POST", body });
      if (!reply.ok) throw new Error(String(reply.status));
      pane.innerHTML = await reply.text();
    } catch {
      pane.textContent = "The preview did not come through. Your text is kept; try again.";
    }
    pane.hidden = false;
  });

  // ---- live: what is new is shown quietly, and never moves what is being read
  const lost = one("#lost");
  const news = one("#news");
  let missed = 0;
  const isLost = (yes) => { if (lost) lost.hidden = !yes; };
  document.addEventListener("htmx:sseOpen", () => isLost(false));
  document.addEventListener("htmx:sseError", () => isLost(true));
  addEventListener("offline", () => isLost(true));
  if (news) {
    // The list does not move by itself: a button counts what came and leads to it.
    const source = new EventSource("/stream");
    source.addEventListener("open", () => isLost(false));
    source.addEventListener("error", () => isLost(true));
    source.addEventListener("changed", () => {
      missed += 1;
      const quiet = !one("[data-rows] .inc") || (scrollY < 40 && !one("[data-rows] :checked") && !typing(document.activeElement));
      const button = one(".news-button", news);
      if (quiet) { refreshList(); return; }
      one("span", button).textContent = `${missed} new · show`;
      button.hidden = false;
    });
  }
  let pending;
  const refreshList = () => {
    clearTimeout(pending);
    pending = setTimeout(async () => {
      try {
        const reply = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!reply.ok) return;
        const page = new DOMParser().parseFromString(await reply.text(), "text/html");
        const had = new Set(all("#list .inc-title").map((a) => a.href));
        for (const id of ["list", "watch"]) {
          const fresh = page.getElementById(id);
          const stale = document.getElementById(id);
          if (fresh && stale) stale.replaceWith(document.adoptNode(fresh));
        }
        for (const link of all("#list .inc-title")) if (!had.has(link.href)) link.closest(".inc").classList.add("is-new");
        missed = 0;
      } catch { isLost(true); }
    }, 250);
  };
  const timeline = one("#timeline[hx-get]");
  const timelineNews = one("#timeline-news");
  if (timeline) {
    document.addEventListener("htmx:configRequest", (event) => {
      if (event.detail.elt !== timeline) return;
      const ids = all("[data-entry]", timeline).map((entry) => Number(entry.dataset.entry));
      event.detail.parameters.after = String(Math.max(0, ...ids));
      event.detail.parameters.shown = String(ids.length + Number(timeline.dataset.older));
    });
    const after = (one, other) => Number(one.dataset.at) - Number(other.dataset.at) || Number(one.dataset.entry) - Number(other.dataset.entry);
    // Two messages in one moment would ask for the same entries twice, and one that was written
    // late brings all of them: what is there stays, and the late one goes where it belongs.
    document.addEventListener("htmx:afterSwap", (event) => {
      if (event.detail.target !== timeline) return;
      const known = new Set(all("[data-shown]", timeline).map((entry) => entry.id));
      const reading = timeline.getBoundingClientRect().top < -40;
      for (const entry of all("[data-entry]:not([data-shown])", timeline)) {
        if (known.has(entry.id)) { entry.remove(); continue; }
        known.add(entry.id);
        const later = all("[data-shown]", timeline).filter((other) => after(other, entry) > 0).pop();
        if (later) later.after(entry);
        entry.dataset.shown = "yes";
        entry.classList.add(reading ? "is-held" : "is-new");
      }
      const held = all(".is-held", timeline).length;
      timelineNews.hidden = held === 0;
      one("span", timelineNews).textContent = `${held} new`;
    });
    for (const entry of all("[data-entry]", timeline)) entry.dataset.shown = "yes";
    timelineNews.addEventListener("click", () => {
      for (const entry of all(".is-held", timeline)) entry.classList.replace("is-held", "is-new");
      timelineNews.hidden = true;
      timeline.closest("section").scrollIntoView();
    });
  }
  const opened = new Map();
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const [id, states] of opened) {
      const region = document.getElementById(id);
      if (region) all("details", region).forEach((details, n) => { if (states[n]) details.open = true; });
    }
    opened.clear();
  });
  // A region is not swapped while somebody types in it or has something open in it.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const region = event.detail.target;
    if (!region) return;
    const busy = region.contains(document.activeElement) && typing(document.activeElement);
    if (busy || one(".pop[open],.act-more[open]", region)) event.detail.shouldSwap = false;
    else opened.set(region.id, all("details", region).map((details) => details.open));
    if (region.matches(".command") && all("textarea", region).some((a) => a.value !== a.defaultValue)) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "open") return;
    event.detail.target.dataset.had = all(".inc-title", event.detail.target).map((a) => a.href).join(" ");
    pastOpen = event.detail.target.dataset.had;
  });
  let pastOpen = null;
  document.addEventListener("htmx:afterSettle", () => {
    restore();
    if (pastOpen === null) return;
    const had = new Set(pastOpen.split(" "));
    for (const link of all("#open .inc-title")) if (!had.has(link.href)) link.closest(".inc").classList.add("is-new");
    pastOpen = null;
  });
  const retry = one("[data-retry]");
  if (retry) setTimeout(() => location.reload(), 1000 * Number(retry.dataset.retry));

  // ---- rows: selecting, and the bar that acts on what is selected
  const bulk = one("#bulk");
  const count = () => {
    const form = one("#bulk");
    if (!form) return;
    const picked = all("[name=number]:checked").length;
    form.classList.toggle("has-picked", picked > 0);
    const words = one("[data-count]", form);
    words.hidden = picked === 0;
    words.textContent = `${picked} selected`;
  };
  if (bulk) { document.addEventListener("change", count); count(); }

  // A spare row of a form makes another when it is used.
  document.addEventListener("change", (event) => {
    const spare = event.target.closest("[data-spare]");
    if (!spare || event.target.value === "") return;
    const next = spare.cloneNode(true);
    spare.removeAttribute("data-spare");
    for (const select of all("select", next)) {
      select.value = "";
      select.removeAttribute("id");
      // What stands beside a turn is numbered by the turn's place.
      if (next.matches("li")) select.name = select.name.replace(/-(with|shadow)-(\d+)$/, (all, field, m) => `-${field}-${Number(m) + 1}`);
    }
    spare.after(next);
  });

  // ---- keys
  let at = -1;
  let went = 0;
  const move = (by) => {
    const rows = all("[data-row]");
    if (rows.length === 0) return;
    rows[at]?.classList.remove("is-at");
    at = Math.min(rows.length - 1, Math.max(0, at + by));
    rows[at].classList.add("is-at");
    rows[at].scrollIntoView({ block: "nearest" });
  };
  const here = () => all("[data-row]")[at];
  const press = (key) => {
    const button = one(`[data-key="${key}"]`);
    if (button) {
      const sheet = button.closest("details");
      if (sheet) sheet.open = true;
      if (button.tagName === "A") { sheet.open = false; one(button.hash)?.focus(); } else button.click();
      return;
    }
    const row = here();
    if (key === "a" && row && bulk) {
      const box = one("[name=number]", row);
      if (box) { box.checked = true; bulk.requestSubmit(one("[value=acknowledge]", bulk)); }
    }
  };
  const PLACES = { d: "/", i: "/incidents", o: "/on-call", s: "/services", p: "/postmortems" };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.key === "Escape") for (const sheet of all(sheets)) sheet.open = false;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement) || one("dialog[open]")) return;
    if (went && Date.now() - went < 1200 && PLACES[event.key]) { location.href = PLACES[event.key]; return; }
    went = 0;
    const keys = {
      "?": () => one("#keys")?.showModal(),
      "/": () => { const field = one("[data-search]"); if (field) field.focus(); else openPalette(); },
      g: () => { went = Date.now(); },
      j: () => move(1),
      k: () => move(-1),
      x: () => { const box = here() && one("[name=number]", here()); if (box) { box.checked = !box.checked; count(); } },
      Enter: () => { if (here() && document.activeElement === document.body) one("[data-open]", here())?.click(); },
      a: () => press("a"),
      e: () => press("e"),
      n: () => press("n"),
    };
    const act = keys[event.key];
    if (!act) return;
    if (event.key !== "Enter") event.preventDefault();
    act();
  });

  // ---- the palette: links of this page, and what the server finds
  const palette = one("#palette");
  const field = palette && one("input", palette);
  const list = palette && one("#palette-list");
  let found = [];
  let chosen = 0;
  const openPalette = () => {
    if (!palette || palette.open) return;
    field.value = "";
    palette.showModal();
    fill("");
  };
  const draw = () => {
    list.replaceChildren(...found.map((item, n) => {
      const row = document.createElement("li");
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(n === chosen));
      row.id = `found-${n}`;
      const link = document.createElement("a");
      link.href = item.url;
      link.append(item.label);
      const kind = document.createElement("span");
      kind.className = "quiet";
      kind.textContent = item.kind;
      link.append(kind);
      row.append(link);
      return row;
    }));
    field.setAttribute("aria-activedescendant", found.length ? `found-${chosen}` : "");
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  let asked = 0;
  const fill = async (words) => {
    const mine = ++asked;
    const wanted = words.toLowerCase();
    const seen = new Set();
    const local = [];
    for (const link of all(".side a, main a[href^='/'], .more-sheet a")) {
      const label = link.textContent.trim().replace(/\s+/g, " ");
      const url = link.getAttribute("href");
      if (!label || seen.has(url) || !label.toLowerCase().includes(wanted)) continue;
      seen.add(url);
      local.push({ label, url, kind: link.closest(".side,.more-sheet") ? "page" : "here" });
    }
    found = local.slice(0, 12);
    chosen = 0;
    draw();
    if (wanted === "") return;
    try {
      const reply = await fetch(`/search.json?q=${encodeURIComponent(words)}`, { headers: { accept: "application/json" } });
      if (!reply.ok || mine !== asked) return;
      const more = (await reply.json()).filter((item) => !seen.has(item.url));
      found = found.slice(0, 6).concat(more);
      draw();
    } catch { /* what this page has is still offered */ }
  };
  let later;
  field?.addEventListener("input", () => { clearTimeout(later); later = setTimeout(() => fill(field.value.trim()), 120); });
  field?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      chosen = found.length ? (chosen + by + found.length) % found.length : 0;
      draw();
    } else if (event.key === "Enter" && found[chosen]) {
      event.preventDefault();
      location.href = found[chosen].url;
    }
  });
  for (const button of all("[data-palette]")) button.addEventListener("click", openPalette);
})();
