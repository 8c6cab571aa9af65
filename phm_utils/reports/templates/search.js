(function () {
  var field = document.getElementById("search");
  var status = document.querySelector(".search [role=status]");
  var areas = Array.prototype.slice.call(document.querySelectorAll(".areas > li"));
  function find() {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    areas.forEach(function (area) {
      var text = area.getAttribute("data-search");
      area.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      shown += area.hidden ? 0 : 1;
    });
    document.querySelectorAll(".place-areas").forEach(function (place) {
      place.hidden = !place.querySelector(".areas > li:not([hidden])");
    });
    status.textContent = words.length ? shown + " of " + areas.length + " areas" : "";
  }
  document.querySelector(".search").hidden = false;
  field.addEventListener("input", find);
})();
