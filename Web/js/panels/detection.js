// What is looked for in a stream: mode, prompt, and how it goes.

import { RefusedError, changeDetection, getDetection } from '../api.js';
import { h, setAttribute, setText } from '../dom.js';
import { count } from '../format.js';

const modeNames = { none: 'Off', motion: 'What moves', yolo: 'Known classes', grounded: 'What the prompt names' };
const idleModes = ['none', 'motion', 'yolo', 'grounded'];

/**
 * The panel for the stream `name`; hidden where nobody looks for objects in it. Events of `changes`: `update` with
 * `detail` the server's report.
 */
export function detectionPanel(app, name, changes) {
  const mode = h('select', { name: 'mode' });
  const prompt = h('input', {
    type: 'text', name: 'prompt', autocomplete: 'off', spellcheck: 'false', maxlength: 500,
    placeholder: 'person. red car.',
  });
  const promptField = h('label', { class: 'field' }, 'Prompt', prompt);
  const apply = h('button', { class: 'button', type: 'submit' }, 'Apply');
  const problem = h('p', { class: 'field-error', role: 'alert' });
  const facts = h('p', { class: 'soft', id: 'detection-facts' });
  const form = h(
    'form', { class: 'card detection' }, h('label', { class: 'field' }, 'Find', mode), promptField, apply, facts, problem);
  const element = h(
    'section', { 'aria-labelledby': 'detection-title', id: 'detection', hidden: true },
    h('div', { class: 'rail-head' }, h('h2', { id: 'detection-title' }, 'Objects')), form);

  let isTouched = false;
  let refusal = '';
  const showPrompt = () => setAttribute(promptField, 'hidden', mode.value !== 'grounded');

  const show = (report) => {
    const isHere = report.stream === name;
    setAttribute(element, 'hidden', !isHere);
    if (!isHere) return;
    const modes = idleModes.filter((each) => report.modes.includes(each));
    if (modes.join() !== [...mode.options].map((option) => option.value).join()) {
      mode.replaceChildren(...modes.map((each) => h('option', { value: each }, modeNames[each])));
    }
    if (!isTouched) {
      mode.value = report.mode;
      prompt.value = report.prompt ?? '';
      showPrompt();
    }
    setText(facts, factsOf(report));
    setText(problem, refusal || report.problem || '');
  };

  const update = async () => {
    if (app.link.state !== 'online') return;
    try {
      const report = await getDetection();
      show(report);
      changes.dispatchEvent(new CustomEvent('update', { detail: report }));
    } catch (error) {
      // The link says what is wrong with the server; an answer that is missed is asked for again.
      if (!(error instanceof RefusedError)) return;
      setAttribute(element, 'hidden', true);
    }
  };

  const touch = () => {
    isTouched = true;
    refusal = '';
    showPrompt();
  };
  mode.addEventListener('change', touch);
  prompt.addEventListener('input', touch);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const change = mode.value === 'grounded' ? { mode: mode.value, prompt: prompt.value } : { mode: mode.value };
    try {
      await changeDetection(change);
      refusal = '';
      isTouched = false;
    } catch (error) {
      refusal = error.message;
    }
    setText(problem, refusal);
    update();
  });
  app.link.addEventListener('update', update);
  update();
  return { element, dispose: () => app.link.removeEventListener('update', update) };
}

function factsOf(report) {
  if (report.state === 'off') return 'Nobody looks for objects.';
  if (report.state === 'waiting') return 'Waits for video.';
  if (report.state === 'loading') return 'Loads its model.';
  if (report.state === 'failed') return 'Does not work.';
  const facts = [
    report.model,
    report.frame ? count(report.frame.objects, 'object') : null,
    report.frame ? `${report.frame.ms.toFixed(0)} ms a frame` : null,
    report.skipped ? `${report.skipped} skipped` : null,
    ...report.choices.map((choice) => `${choice.name} ${choice.value}`),
  ];
  return facts.filter(Boolean).join(' · ');
}
