(function () {
  Array.prototype.forEach.call(document.querySelectorAll(".scroll[data-filter]"), function (box, number) {
    var rows = Array.prototype.slice.call(box.querySelectorAll("tbody tr"));
    var texts = rows.map(function (row) {
      return Array.prototype.map.call(row.cells, function (cell) { return cell.textContent; }).join(" ").toLowerCase();
    });
    var field = document.createElement("input");
    var label = document.createElement("label");
    var status = document.createElement("span");
    var line = document.createElement("p");
    field.type = "search";
    field.id = "filter-" + (number + 1);
    field.autocomplete = "off";
    label.htmlFor = field.id;
    label.append("Show rows with", Object.assign(document.createElement("span"), {
      className: "hidden", textContent: " these words, in " + box.getAttribute("aria-label")
    }));
    status.setAttribute("role", "status");
    line.className = "filter";
    line.append(label, " ", field, " ", status);
    box.before(line);
    field.addEventListener("input", function () {
      var words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row, place) {
        row.hidden = !words.every(function (word) { return texts[place].indexOf(word) >= 0; });
        shown += row.hidden ? 0 : 1;
      });
      status.textContent = words.length ? shown + " of " + rows.length + " rows" : "";
    });
  });
})();
