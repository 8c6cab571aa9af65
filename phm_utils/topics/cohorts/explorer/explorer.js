// JupyterLab takes arrow keys and letters for its own commands wherever the keyboard is in no line of text: an arrow
// in one of the explorer's lists would move to another cell, `a` add a cell, `d d` delete one. Within the explorer it
// is told not to. What has changed is read out to those who use a screen reader.
document.addEventListener("focusin", (event) => {
  const explorer = event.target.closest(".phm-explorer");
  if (!explorer) return;
  event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  explorer.querySelectorAll(".phm-said .widget-html-content").forEach((part) => part.setAttribute("aria-live", "polite"));
});
