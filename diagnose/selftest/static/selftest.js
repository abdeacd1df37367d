// The self-test in the browser. Nothing that is typed into the typing field is kept, sent or measured: what leaves the
// page are the names in `odd`.
"use strict";

const PATIENCE = 10000; // milliseconds for a page of another host
const QUICK = 4000; // milliseconds for what the browser itself can do
const BEGINS_BY_ITSELF = 15; // seconds for a person who does nothing
const MOST_SKEW = 300; // seconds
const HEARD_EVERY = 6000; // milliseconds between two sentences for a screen reader
const TRIES = 5; // of one request: a browser may lose one that the program would have answered
const BETWEEN_TRIES = 500; // milliseconds

const content = (id) => JSON.parse(document.getElementById(id).textContent);
const send = (where, what) =>
  fetch(where, { method: "POST", body: JSON.stringify(what), headers: { "Content-Type": "application/json" } });
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
async function persistently(request) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (failed) {
      if (tries === TRIES) throw failed;
      await pause(BETWEEN_TRIES);
    }
  }
}
const progressNow = () => persistently(() => fetch("progress").then((said) => said.json()));
const soonOrNull = (promise) => Promise.race([promise, pause(QUICK).then(() => null)]);

// -- the frame that reaches for the webmail page

function fetched(url) {
  const control = new AbortController();
  const patience = setTimeout(() => control.abort(), PATIENCE);
  return fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", signal: control.signal })
    .then(() => "answered", () => (control.signal.aborted ? "no_answer" : "failed"))
    .finally(() => clearTimeout(patience));
}

function pictured(url) {
  return new Promise((done) => {
    const image = new Image();
    image.onload = () => done("answered");
    image.onerror = () => done("failed");
    setTimeout(() => done("no_answer"), PATIENCE);
    image.referrerPolicy = "no-referrer";
    image.src = new URL("/favicon.ico", url).href;
  });
}

async function reach(url) {
  const image = pictured(url);
  let page = await fetched(url);
  if (page === "failed") {
    await pause(1000); // a change of networks fails what is under way
    page = await fetched(url);
  }
  return { url, page, image: await image };
}

// -- what the browser can do

function keeps(storage) {
  try {
    storage().setItem("selftest", "1");
    const kept = storage().getItem("selftest") === "1";
    storage().removeItem("selftest");
    return kept;
  } catch (refused) {
    return false;
  }
}

function keepsDatabases() {
  return new Promise((done) => {
    try {
      const asked = indexedDB.open("selftest");
      asked.onerror = () => done(false);
      asked.onsuccess = () => {
        asked.result.close();
        indexedDB.deleteDatabase("selftest");
        done(true);
      };
    } catch (refused) {
      done(false);
    }
  });
}

// Firefox and Safari refuse private windows a file system of their own; other browsers do not tell.
async function isPrivate() {
  const tells = /\b(Firefox|Version)\/\d/.test(navigator.userAgent);
  if (!tells || !navigator.storage || !navigator.storage.getDirectory) return null;
  try {
    await navigator.storage.getDirectory();
    return false;
  } catch (refused) {
    return refused.name === "SecurityError" ? true : null;
  }
}

async function keepsForeignCookies(place) {
  const ask = () => fetch(place, { credentials: "include", cache: "no-store" }).then((said) => said.json());
  try {
    await ask();
    return await ask();
  } catch (unreachable) {
    return null;
  }
}

function serviceWorkers() {
  try {
    return "serviceWorker" in navigator && Boolean(navigator.serviceWorker);
  } catch (refused) {
    return false;
  }
}

async function lookAtBrowser() {
  const [indexed, priv, foreign] = await Promise.all([
    keepsDatabases(), isPrivate(), keepsForeignCookies(document.body.dataset.foreign),
  ].map(soonOrNull));
  return {
    scripts: true,
    third_party_cookies: foreign,
    local_storage: keeps(() => localStorage),
    session_storage: keeps(() => sessionStorage),
    indexed_db: indexed,
    service_workers: serviceWorkers(),
    private_mode: priv,
    languages: (navigator.languages || []).slice(0, 10),
  };
}

// -- the typing field

const ODDITIES = ["full_width", "invisible", "caps_lock", "composition", "autofill"]; // the surest first
const FULL_WIDTH = /[\u3000\uff01-\uff5e\uffe0-\uffe6]/;
const INVISIBLE = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\ufeff]/;
// Letters of scripts that no password is made of: their sentences have full-width signs and joiners of their own.
const PROSE = /[\u0370-\u061b\u061d-\u180d\u180f-\u1cff\u2e80-\u2fff\u3040-\ud7ff]/;

function watchTyping(field, notice) {
  const odd = new Set();
  let keyed = false;
  const see = () => {
    const password = !PROSE.test(field.value);
    if (password && FULL_WIDTH.test(field.value)) odd.add("full_width");
    if (password && INVISIBLE.test(field.value)) odd.add("invisible");
    notice(odd);
  };
  const press = (event) => {
    keyed = true;
    if (event.getModifierState && event.getModifierState("CapsLock") && event.key !== "CapsLock") odd.add("caps_lock");
    notice(odd);
  };
  field.addEventListener("keydown", press);
  field.addEventListener("paste", () => { keyed = true; });
  field.addEventListener("drop", () => { keyed = true; });
  field.addEventListener("compositionend", () => { odd.add("composition"); see(); });
  field.addEventListener("input", (event) => {
    if (!keyed && !event.inputType) odd.add("autofill");
    if (!event.isComposing) see();
  });
  field.addEventListener("animationstart", (event) => { // see selftest.css
    if (event.animationName === "filled-in") { odd.add("autofill"); see(); }
  });
  return odd;
}

// -- what the page shows

const SIGNS = { told: "i", pass: "✓", fail: "✗", warn: "!", error: "?", unknown: "·", running: "…", looking: "·" };

function show(row, state, said) {
  row.className = row.className.split(" ")[0] + " " + state;
  row.querySelector(".mark").textContent = SIGNS[state];
  row.querySelector(".said").textContent = said;
}

function showAnswer(answer, facts, words) {
  const row = (id, good, yes, no, bad) =>
    show(document.getElementById(id), good === null ? "unknown" : good ? "pass" : bad || "fail",
      good === null ? words.unknown : good ? words[yes] : words[no]);
  const browser = document.getElementById("browser");
  show(browser, facts.browser ? (facts.too_old ? "fail" : "pass") : "unknown", facts.browser || words.unknown);
  row("scripts", true, "on.yes", "on.no");
  row("cookies", facts.cookies, "allowed.yes", "allowed.no");
  row("third-party", answer.third_party_cookies, "allowed.yes", "allowed.no", "told");
  row("storage", answer.local_storage && answer.session_storage && answer.indexed_db !== false, "works.yes", "works.no", "warn");
  row("workers", answer.service_workers, "allowed.yes", "allowed.no", "told");
  document.getElementById("private").hidden = answer.private_mode === null;
  row("private", answer.private_mode === null ? null : !answer.private_mode, "private.no", "private.yes", "told");
  row("clock", Math.abs(facts.clock_ahead_seconds) <= MOST_SKEW, "clock.yes", "clock.no");
  const clock = document.getElementById("clock").querySelector(".said");
  clock.textContent = clock.textContent.replace("{minutes}", Math.round(Math.abs(facts.clock_ahead_seconds) / 60));
  show(document.getElementById("language"), answer.languages.length ? "pass" : "unknown",
    answer.languages.slice(0, 3).join(", ") || words.unknown);
}

function showProgress(progress, words) {
  const all = progress.checks.length;
  const over = progress.checks.filter((check) => !["planned", "running"].includes(check.state)).length;
  const bar = document.getElementById("bar");
  bar.max = Math.max(all, 1);
  bar.value = over;
  document.getElementById("count").textContent = words.count.replace("{over}", over).replace("{all}", all);
  const list = document.getElementById("checks");
  const begun = progress.checks.filter((check) => check.state !== "planned");
  begun.forEach((check, place) => {
    let item = list.children[place];
    if (!item) {
      item = list.appendChild(document.createElement("li"));
      for (const name of ["mark", "title", "said"]) item.appendChild(document.createElement("span")).className = name;
      item.firstChild.setAttribute("aria-hidden", "true");
      item.className = "check";
    }
    item.querySelector(".title").textContent = check.title;
    show(item, check.state, words["state." + check.state]);
  });
  while (list.children.length > begun.length) list.lastChild.remove();
}

// Screen readers read aloud what is put here; as often as people can listen.
function hearing() {
  const heard = document.getElementById("heard");
  let last = performance.now();
  return (sentence) => {
    if (performance.now() - last < HEARD_EVERY || heard.textContent === sentence) return;
    last = performance.now();
    heard.textContent = sentence;
  };
}

function tellGone(words) {
  const gone = document.getElementById("gone");
  gone.textContent = words.gone;
  gone.hidden = false;
}

// The page that asks for the address: a form, which needs no script. Only whether the program is still there is seen.
async function ask() {
  const words = content("words");
  for (;;) {
    try {
      const progress = await progressNow();
      if (progress.phase === "finished") return location.replace("report");
    } catch (ended) {
      return tellGone(words);
    }
    await pause(1000);
  }
}

async function follow(words) {
  const hear = hearing();
  const again = document.getElementById("again");
  if (again) again.hidden = true;
  document.getElementById("before").hidden = document.getElementById("gone").hidden = true;
  document.getElementById("during").hidden = false;
  document.getElementById("lead").textContent = words.running_lead;
  const headline = document.getElementById("headline");
  headline.textContent = words.running;
  headline.focus();
  for (;;) {
    try {
      const progress = await progressNow();
      if (progress.phase === "finished") return location.replace("report");
      showProgress(progress, words);
      hear(document.getElementById("count").textContent);
    } catch (ended) {
      return tellGone(words);
    }
    await pause(300);
  }
}

async function selfTest() {
  const words = content("words");
  const field = document.getElementById("field");
  const typed = document.getElementById("typed");
  const form = document.getElementById("before");
  const soon = document.getElementById("soon");
  const stay = document.getElementById("stay");
  let counting = !document.getElementById("password");
  const wait = () => { counting = false; soon.hidden = stay.hidden = true; };

  const odd = watchTyping(field, (seen) => {
    const first = ODDITIES.find((name) => seen.has(name));
    show(typed, first ? "warn" : "pass", words["typed." + (first || "fine")]);
    wait();
  });
  field.addEventListener("focus", wait);
  stay.addEventListener("click", () => { wait(); field.focus(); });

  let answer = { scripts: true };
  const tell = () =>
    send("answer?clock=" + Date.now() / 1000, Object.assign({}, answer, { typing: Array.from(odd) }));
  let begun = false;
  const begin = async () => {
    if (begun) return;
    begun = true;
    const password = document.getElementById("password");
    const word = new URLSearchParams({ password: password ? password.value : "" });
    try {
      await persistently(tell);
      // Only the first that arrives counts. A browser without scripts is led on, to the report in the end; whoever
      // followed would take it away from the page.
      await persistently(() => fetch("begin", { method: "POST", body: word, redirect: "manual" }));
    } catch (ended) {
      begun = false; // what is typed stays, and the button may be pressed again
      return tellGone(words);
    }
    if (password) password.value = "";
    follow(words);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });

  answer = await lookAtBrowser();
  try {
    showAnswer(answer, await persistently(() => tell().then((said) => said.json())), words);
  } catch (ended) {
    return tellGone(words);
  }

  const webmail = document.getElementById("webmail");
  for (let tries = 0; webmail && tries < 100 && !begun; tries += 1) {
    const progress = await progressNow().catch(() => ({ phase: "gone" }));
    if (progress.phase !== "waiting") break;
    if (progress.reached) {
      show(webmail, progress.reached === "answered" ? "pass" : "fail", words["reached." + progress.reached]);
      break;
    }
    if (progress.reaching_over) { show(webmail, "unknown", words.unknown); break; }
    await pause(300);
  }
  for (let left = BEGINS_BY_ITSELF; !begun; left -= 1) {
    if (counting && left === 0) return begin();
    if (counting) {
      soon.textContent = words.soon.replace("{seconds}", left);
      soon.hidden = stay.hidden = false;
    }
    await pause(1000);
    const progress = await progressNow().catch(() => ({ phase: "gone" }));
    if (!begun && progress.phase !== "waiting") { // the program waits no longer
      begun = true;
      follow(words);
    }
  }
}

if (document.getElementById("ask")) {
  ask();
} else if (document.getElementById("pages")) {
  Promise.all(content("pages").map(reach)).then((found) => send("reaching", found));
} else {
  selfTest();
}
