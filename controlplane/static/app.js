// Keeps the page true without reloading it: polls the live part through htmx, swaps only the parts that changed, says
// when the server is silent, turns times to the user's zone, and binds the keys. Reading works without any of it.
(() => {
  "use strict";
  const EVERY_MS = 2000, LATE_MS = 5000, STALE_MS = 30000;
  const $ = (id) => document.getElementById(id);
  const live = $("live"), mark = $("mark"), root = document.documentElement;
  let heard = Date.now(), asked = 0, tag = "", address = location.pathname + location.search;
  root.classList.add("scripted");

  // times
  const two = (n) => String(n).padStart(2, "0");
  const hours = (d, seconds) => `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? ":" + two(d.getSeconds()) : ""}`;
  const lasting = (s) => {
    const nn = "\u202f", [a, b, c] = [Math.floor(s / 86400), Math.floor(s / 3600), Math.floor(s / 60)];
    if (a) return `${a}${nn}d${b % 24 ? ` ${b % 24}${nn}h` : ""}`;
    if (b) return `${b}${nn}h${c % 60 ? ` ${c % 60}${nn}min` : ""}`;
    if (c) return `${c}${nn}min${s % 60 ? ` ${s % 60}${nn}s` : ""}`;
    return `${s}${nn}s`;
  };
  const localise = (within) => {
    const today = new Date().toDateString();
    within.querySelectorAll("time[data-clock]").forEach((time) => {
      const at = new Date(time.dateTime), text = hours(at, time.dataset.clock === "seconds");
      const month = at.toLocaleString("en-GB", { month: "short" });
      time.textContent = at.toDateString() === today ? text : `${at.getDate()} ${month} ${text}`;
    });
    tick(within);
  };
  const tick = (within) => within.querySelectorAll("time[data-age]").forEach((time) => {
    time.textContent = lasting(Math.max(0, Math.round((Date.now() - new Date(time.dateTime)) / 1000)));
  });

  // parts: what the server last said of each, so that an unchanged one is never touched
  const said = new Map();
  const remember = (within) => within.querySelectorAll("[data-part]").forEach((part) => said.set(part.id, part.outerHTML));
  remember(document);
  localise(document);

  const flash = (before, part) => part.querySelectorAll("td[id]").forEach((cell) => {
    const old = before.get(cell.id);
    if (old !== undefined && old !== cell.textContent) cell.classList.add("changed");
  });
  const swap = (part) => {
    const old = $(part.id);
    const before = new Map([...old.querySelectorAll("td[id]")].map((cell) => [cell.id, cell.textContent]));
    const open = old.classList.contains("open");
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const kept = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    const fresh = document.importNode(part, true);
    said.set(part.id, part.outerHTML);
    old.replaceWith(fresh);
    htmx.process(fresh);
    if (open) fresh.classList.add("open");
    [...fresh.querySelectorAll(".scroll")].forEach((box, i) => kept[i] && box.scrollTo(...kept[i]));
    if (focused && $(focused)) $(focused).focus({ preventScroll: true });
    localise(fresh);
    flash(before, fresh);
    announce();
  };
  const take = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = [...page.querySelectorAll("[data-part]")];
    const here = [...document.querySelectorAll("#nav, #paused, #live [data-part]")];
    if (fresh.map((part) => part.id).join() !== here.map((part) => part.id).join()) {
      live.innerHTML = page.getElementById("live").innerHTML;
      remember(live);
      localise(live);
      bindFilter();
      return;
    }
    fresh.filter((part) => said.get(part.id) !== part.outerHTML).forEach(swap);
  };

  // one sentence when health changes, at most every 10 s
  const voice = document.createElement("p");
  voice.className = "sr";
  voice.setAttribute("aria-live", "polite");
  document.body.append(voice);
  let spoken = $("sentence")?.textContent, spokenAt = 0;
  const announce = () => {
    const now = $("sentence")?.textContent;
    if (now === spoken || Date.now() - spokenAt < 10000) return;
    spoken = voice.textContent = now;
    spokenAt = Date.now();
  };

  // polling
  const polls = live && live.querySelector("[data-part]");
  const ask = () => {
    if (!polls || document.hidden) return;
    asked = Date.now();
    htmx.trigger(live, "refresh");
  };
  const answered = () => { heard = Date.now(); show(); };
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt !== live) return;
    event.detail.path = address;
    if (tag) event.detail.headers["If-None-Match"] = tag;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== live) return;
    const xhr = event.detail.xhr;
    event.detail.shouldSwap = false;
    if (xhr.status === 304) return answered();
    if (xhr.status !== 200) return;
    if (new URL(xhr.responseURL).pathname === "/login/") return location.reload();
    tag = xhr.getResponseHeader("ETag") || "";
    take(xhr.responseText);
    answered();
  });
  const show = () => {
    if (!polls) { mark.hidden = true; return; }
    const silent = Date.now() - heard, late = silent > LATE_MS, stale = silent > STALE_MS;
    mark.classList.toggle("late", late);
    mark.replaceChildren(document.createElement("i"), Object.assign(document.createElement("b"), { textContent: late ? "Stale" : "Live" }),
      late ? ` since ${hours(new Date(heard), true)}` : "");
    mark.title = late ? "The server has not answered since" : "Asked every 2 s";
    root.classList.toggle("is-stale", stale);
    $("stale").hidden = !stale;
    $("stale-since").textContent = hours(new Date(heard), true);
    $("stale-age").textContent = lasting(Math.round(silent / 1000));
  };
  $("try-now")?.addEventListener("click", ask);
  let shownLate = null;
  setInterval(() => {
    if (document.hidden) return;
    const clock = $("clock"), now = new Date();
    if (clock) clock.textContent = hours(now, true);
    tick(document);
    const late = Date.now() - heard > LATE_MS;
    if (late || late !== shownLate) { shownLate = late; show(); }
    if (Date.now() - asked >= EVERY_MS - 50) ask();
  }, 1000);
  document.addEventListener("visibilitychange", ask);
  show();

  // filter
  const bindFilter = () => {
    const form = $("filter"), field = $("q");
    if (!form) return;
    let pause;
    const go = () => {
      const wanted = new URLSearchParams(location.search);
      wanted.delete("page");
      if (field.value.trim()) wanted.set("q", field.value.trim()); else wanted.delete("q");
      const query = wanted.toString();
      address = location.pathname + (query ? `?${query}` : "");
      history.replaceState(null, "", address + location.hash);
      tag = "";
      ask();
    };
    field.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(go, 150); });
    form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(pause); go(); });
  };
  bindFilter();

  // menus and keys
  const menu = document.querySelector(".menu-button");
  if (menu && matchMedia("(max-width: 720px)").matches) menu.hidden = false;
  menu?.addEventListener("click", () => menu.setAttribute("aria-expanded", String($("nav").classList.toggle("open"))));
  const keys = $("keys"), on = $("keys-on");
  if (on) {
    on.checked = localStorage.getItem("keys") !== "off";
    on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
    $("keys-button").addEventListener("click", () => keys.showModal());
  }
  const step = (by) => {
    const links = [...document.querySelectorAll("[data-row] th a")];
    const at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  };
  let after = 0;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "Escape") {
      document.querySelectorAll("details[open]").forEach((one) => { one.open = false; });
      if (event.target.id === "q") event.target.blur();
    }
    if (typing || !on?.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    const pages = Date.now() - after < 1500 ? { o: "/", s: "/#services", r: "/regions/", p: "/operations/", a: "/audit/" } : {};
    after = event.key === "g" ? Date.now() : 0;
    if (pages[event.key]) location.assign(pages[event.key]);
    else if (event.key === "/") {
      if ($("q")) $("q").focus(); else location.assign("/#q");
    } else if (event.key === "?") keys.showModal();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  });
  if (location.hash === "#q") $("q")?.focus();
})();
