// The buttons of a service's form that add, move and remove rows, without leaving the page: the server makes the form
// anew and it is put in place of the old one. Without this script each of them is a plain round trip.
"use strict";

const form = document.getElementById("draft");

// unfold's own script looks for a text field beside each file input, as its widgets have one: ours have none.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches(".typed input[type=file]")) event.stopPropagation();
  },
  true,
);

// Chosen files can't be sent back by the server: their inputs move over to the new form.
function filesOf(form) {
  return [...form.querySelectorAll("input[type=file]")].filter((input) => input.files.length);
}

function renamed(name, button) {
  const moved = /^(up|down|remove) components\[(\d+)\]$/.exec(button);
  if (!moved) return name;
  const at = Number(moved[2]);
  return name.replace(/^components\[(\d+)\]/, (whole, number) => {
    let now = Number(number);
    if (moved[1] === "remove") {
      if (now === at) return "gone";
      if (now > at) now -= 1;
    } else {
      const other = at + (moved[1] === "up" ? -1 : 1);
      if (now === at) now = other;
      else if (now === other) now = at;
    }
    return `components[${now}]`;
  });
}

function put(fresh, button) {
  const kept = filesOf(form);
  form.replaceChildren(...fresh.childNodes);
  for (const input of kept) {
    const place = form.elements.namedItem(renamed(input.name, button));
    if (place && place.type === "file") {
      input.name = place.name;
      input.id = place.id;
      place.replaceWith(input);
    }
  }
}

function focus(button) {
  const [verb, path] = button.split(" ");
  if (verb === "add") {
    const rows = [...form.querySelectorAll("input:not([type=hidden]):not([type=file]), select")];
    const added = rows.filter((input) => input.name.startsWith(`${path}[`));
    const last = Math.max(...added.map((input) => Number(input.name.slice(path.length + 1).split("]")[0])));
    added.find((input) => input.name.startsWith(`${path}[${last}]`))?.focus();
    return;
  }
  (form.querySelector(`button[value="${CSS.escape(button)}"]`) || form.querySelector(`[id^="part-"] .add`))?.focus();
}

async function change(button) {
  const sent = new FormData(form);
  for (const input of filesOf(form)) sent.delete(input.name);
  sent.set("do", button);
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(location.href, { method: "POST", body: sent });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("draft");
    if (!answer.ok || !fresh) throw new Error(String(answer.status));
    put(fresh, button);
    focus(button);
  } catch {
    const asked = document.createElement("input"); // the plain round trip tells what is wrong
    Object.assign(asked, { type: "hidden", name: "do", value: button });
    form.append(asked);
    form.submit();
  } finally {
    form.removeAttribute("aria-busy");
  }
}

form?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.name !== "do") return;
  event.preventDefault();
  change(button.value);
});

form?.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-refresh]")) change("refresh");
  if (field.matches("[data-artifact]")) {
    const handler = form.elements.namedItem(field.name.replace(/\.[a-z_]+$/, ".handler"));
    handler?.setAttribute("list", `handlers-${field.value.replace("sha256:", "").slice(0, 12)}`);
  }
});
