// Dark, light, or as the system has it.

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/** The theme that shows now. */
export const shownTheme = () => document.documentElement.dataset.theme ?? (systemIsDark.matches ? 'dark' : 'light');

/** Makes a button switch between dark and light; choosing what the system has follows the system again. */
export function bindThemeToggle(button) {
  const label = () => {
    const text = `Switch to ${shownTheme() === 'dark' ? 'light' : 'dark'} theme`;
    button.setAttribute('aria-label', text);
    button.title = text;
  };
  button.addEventListener('click', () => {
    const wanted = shownTheme() === 'dark' ? 'light' : 'dark';
    const followsSystem = wanted === (systemIsDark.matches ? 'dark' : 'light');
    if (followsSystem) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = wanted;
    try {
      if (followsSystem) localStorage.removeItem('theme');
      else localStorage.setItem('theme', wanted);
    } catch {
      // Storage is off: the choice holds until the page is left.
    }
    label();
    dispatchEvent(new Event('themechange'));
  });
  systemIsDark.addEventListener('change', () => {
    label();
    dispatchEvent(new Event('themechange'));
  });
  label();
}
