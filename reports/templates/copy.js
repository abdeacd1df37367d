// A button beside each command, and beside the text to paste; and a headline whose words are not torn apart where no
// blanks part them. Without scripts there is neither, and nothing is missed.
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

  // Chinese breaks anywhere, in the midst of a word, too. A letter that is taken for a word of its own is mostly the end
  // of the one before it, as in those for server, program and account.
  var LONGEST = 6;
  document.querySelectorAll(".headline").forEach(function (headline) {
    if (!window.Intl || !Intl.Segmenter) {
      return;
    }
    var segmenter = new Intl.Segmenter(document.documentElement.lang, { granularity: "word" });
    var pieces = [];
    Array.from(segmenter.segment(headline.textContent)).forEach(function (part) {
      var last = pieces[pieces.length - 1];
      if (last && last.word && part.isWordLike && part.segment.length === 1 && last.text.length < LONGEST) {
        last.text += part.segment;
      } else {
        pieces.push({ text: part.segment, word: part.isWordLike });
      }
    });
    headline.replaceChildren.apply(headline, pieces.map(function (piece) {
      if (!piece.word) {
        return document.createTextNode(piece.text);
      }
      var word = document.createElement("span");
      word.className = "whole";
      word.textContent = piece.text;
      return word;
    }));
  });

  // what screen readers read aloud; it has to be there before its words are
  var heard = document.createElement("p");
  heard.className = "aside";
  heard.setAttribute("role", "status");
  document.body.append(heard);

  function tell(button, sentence) {
    button.textContent = heard.textContent = sentence;
    setTimeout(function () {
      button.textContent = words.copy;
      heard.textContent = "";
    }, 2000);
  }

  document.querySelectorAll(".copied").forEach(function (place, number) {
    place.id = place.id || "copied-" + number;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.setAttribute("aria-describedby", place.id);
    button.addEventListener("click", function () {
      copy(place.textContent).then(function () {
        tell(button, words.done);
      }, function () {
        getSelection().selectAllChildren(place);
        tell(button, words.byHand);
      }).then(function () { button.focus(); });
    });
    place.after(button);
  });
})();
