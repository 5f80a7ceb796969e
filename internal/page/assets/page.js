// The page is whole without this file: every link and form works by itself. This makes it
// live: the server says when something has changed, and the part that shows it is asked
// for again.
"use strict";
(() => {
  const state = document.getElementById("live-state");
  let version = document.documentElement.dataset.version;

  const tell = (text, well) => {
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("live-state-away", !well);
  };

  const source = new EventSource("/events");
  source.addEventListener("open", () => tell("Live", true));
  source.addEventListener("error", () => tell(
    source.readyState === EventSource.CLOSED ? "Ended" : "Connecting", false));
  source.addEventListener("version", (event) => {
    if (event.data === version) return;
    version = event.data;
    htmx.trigger(document.body, "version");
  });

  // Nothing is changed under the fingers of a person who is filling in a form.
  const busy = (live) => {
    const at = document.activeElement;
    return live && live.contains(at) && at.matches("input:not([type=checkbox]), textarea, select");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const live = document.getElementById("live");
    if (event.detail.elt === live && busy(live)) event.preventDefault();
  });

  // What was ticked stays ticked when the rows are replaced.
  let ticked = [];
  document.addEventListener("htmx:beforeSwap", () => {
    ticked = [...document.querySelectorAll("#live input[type=checkbox]:checked")].map((box) => box.id);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "post") return;
    for (const id of ticked) {
      const box = document.getElementById(id);
      if (box) box.checked = true;
    }
  });

  // What the server refuses is said where what it did is said.
  const said = (text) => {
    const notice = document.createElement("div");
    notice.className = "notice notice-failed";
    notice.append(Object.assign(document.createElement("p"), { textContent: text }));
    document.getElementById("said").replaceChildren(notice);
  };
  document.addEventListener("htmx:responseError", (event) => said(event.detail.xhr.responseText));
  document.addEventListener("htmx:sendError", () => said("The command that serves this page does not answer: has it ended?"));
})();
