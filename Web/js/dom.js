// Builds elements. Data only ever becomes text or an attribute, never markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. `properties`: `class`, `data` (object), `on` (event → listener); anything else is an attribute,
 * where `true` sets it empty and `false`, `null` and `undefined` leave it out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'on') listen(element, value);
    else setAttribute(element, name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function listen(element, listeners) {
  for (const [type, listener] of Object.entries(listeners)) element.addEventListener(type, listener);
}

/** An icon of icons.svg; it is decoration, the control around it carries the name. */
export function icon(name, className = 'icon') {
  const svg = document.createElementNS(svgNamespace, 'svg');
  const use = document.createElementNS(svgNamespace, 'use');
  svg.setAttribute('class', className);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Sets an attribute, or removes it when `value` is `false`, `null` or `undefined`. */
export function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? '' : value)) {
    element.setAttribute(name, value === true ? '' : value);
  }
}

/** Sets the text of an element, touching the document only on a change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` show `items` in order, keeping the element of an item that stays, so that focus and
 * scroll positions survive an update.
 *
 * @param create makes the element of an item
 * @param update brings an element up to date with its item
 */
export function reconcile(parent, items, keyOf, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const element = known.get(key) ?? create(item);
    known.delete(key);
    element.dataset.key = key;
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
    update(element, item);
  }
  for (const element of known.values()) element.remove();
}

/** A line of shell with a button that copies it. */
export function command(text) {
  const button = h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Copy the command' }, icon('copy'));
  button.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(text);
    button.setAttribute('aria-label', 'Copied');
  });
  return h('div', { class: 'command' }, h('code', { tabindex: 0 }, text), button);
}
