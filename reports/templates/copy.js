// A button beside each command, and beside the text to paste. Without scripts there is none, and nothing is missed.
(function () {
  "use strict";
  var words = document.body.dataset;

  function selected(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "aside";
    document.body.append(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject();
  }

  // a page from a file may have no Clipboard API, or no leave to use it
  function copy(text) {
    if (!navigator.clipboard) {
      return selected(text);
    }
    return navigator.clipboard.writeText(text).catch(function () { return selected(text); });
  }

  document.querySelectorAll(".copied").forEach(function (place) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.addEventListener("click", function () {
      copy(place.textContent).then(function () {
        button.textContent = words.done;
        setTimeout(function () { button.textContent = words.copy; }, 2000);
      }, function () {
        getSelection().selectAllChildren(place);
      });
      button.focus();
    });
    place.after(button);
  });
})();
