/*
 * Puts a page published with Atelier behind a button at the lower right of any page:
 * <script src="https://atelier.example/embed.js" data-code="…" defer></script>
 * Optional: data-color="#0b6b63", data-label="Ask us", data-side="left", data-open (open at once).
 */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script) return;
  var code = script.getAttribute("data-code") || "";
  if (!/^[a-z0-9]{8,40}$/.test(code) || document.getElementById("atelier-embed-" + code)) return;
  var origin = new URL(script.src, document.baseURI).origin;
  var given = script.getAttribute("data-color") || "";
  var color = /^#[0-9a-fA-F]{6}$/.test(given) ? given : "#0b6b63";
  var label = script.getAttribute("data-label") || "Chat";
  var side = script.getAttribute("data-side") === "left" ? "left" : "right";
  var frame = null;
  var opened = false;

  function styled(element, style) {
    for (var name in style) element.style.setProperty(name, style[name], "important");
    return element;
  }

  // Black or white, whichever is read better on the colour.
  function ink(hex) {
    var sum = [1, 3, 5].reduce(function (total, at, index) {
      return total + parseInt(hex.slice(at, at + 2), 16) * [0.299, 0.587, 0.114][index];
    }, 0);
    return sum > 160 ? "#14171d" : "#ffffff";
  }

  function drawing(path) {
    var svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    var look = { viewBox: "0 0 24 24", width: "26", height: "26", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" };
    for (var name in look) svg.setAttribute(name, look[name]);
    line.setAttribute("d", path);
    svg.appendChild(line);
    return svg;
  }

  var CHAT = "M8 9h8M8 13h5M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-6l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
  var DOWN = "M6 9l6 6 6-6";

  var box = styled(document.createElement("div"), { position: "fixed", bottom: "20px", "z-index": "2147483000" });
  box.id = "atelier-embed-" + code;
  box.style.setProperty(side, "20px", "important");

  var button = styled(document.createElement("button"), {
    display: "grid", "place-items": "center", width: "56px", height: "56px", padding: "0", margin: "0", border: "0",
    "border-radius": "28px", cursor: "pointer", color: ink(color), background: color, "box-shadow": "0 6px 20px rgb(15 20 30 / 22%)",
  });
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-expanded", "false");
  button.appendChild(drawing(CHAT));
  box.appendChild(button);

  function fit() {
    if (!frame) return;
    var narrow = window.innerWidth < 480;
    var place = narrow
      ? { width: window.innerWidth + "px", height: window.innerHeight + "px", bottom: "-20px", "border-radius": "0" }
      : { width: "400px", height: Math.min(640, window.innerHeight - 120) + "px", bottom: "72px", "border-radius": "14px" };
    styled(frame, place);
    frame.style.setProperty(side, narrow ? "-20px" : "0", "important");
  }

  function make() {
    frame = styled(document.createElement("iframe"), {
      position: "absolute", border: "1px solid rgb(128 136 150 / 30%)", "box-sizing": "border-box", background: "transparent",
      "box-shadow": "0 16px 48px rgb(15 20 30 / 24%)", "color-scheme": "normal",
    });
    frame.src = origin + "/embed/" + code + "?bubble=1";
    frame.title = label;
    box.insertBefore(frame, button);
  }

  function show(next) {
    opened = next;
    if (opened && !frame) make();
    fit();
    styled(frame, { display: opened ? "block" : "none" });
    button.setAttribute("aria-expanded", String(opened));
    button.replaceChildren(drawing(opened ? DOWN : CHAT));
    if (opened) frame.focus();
    else button.focus();
  }

  button.addEventListener("click", function () { show(!opened); });
  window.addEventListener("resize", fit);
  window.addEventListener("keydown", function (event) { if (event.key === "Escape" && opened) show(false); });
  // Only our own frame may fold itself away.
  window.addEventListener("message", function (event) {
    if (frame && event.source === frame.contentWindow && event.origin === origin && event.data === "atelier:close") show(false);
  });

  function start() {
    document.body.appendChild(box);
    if (script.hasAttribute("data-open")) show(true);
  }
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
