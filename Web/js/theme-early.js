// Runs before the first paint, so that a chosen theme does not flash. Everything else about themes is in theme.js.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is off: the theme follows the system.
}
