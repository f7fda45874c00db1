// Runs before anything is drawn, so that a chosen look does not flash up after the device's own. No module: those come later.
(() => {
  try {
    const theme = localStorage.getItem("storesense.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Nothing is kept here; the device's look is the right one.
  }
})();
