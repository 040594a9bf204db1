/** Some of many servers: a list of boxes to tick, with a filter as soon as there are many. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../../messages/protection/words.ts';

export type Pickable = { readonly id: string; readonly name: string; readonly note?: string };
type Props = {
  readonly label: string;
  readonly servers: readonly Pickable[];
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (next: ReadonlySet<string>) => void;
};
const FILTER_FROM = 8;

export function ServerPicker({ label, servers, chosen, onChange }: Props): VNode {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const shown = servers.filter(({ name }) => name.toLowerCase().includes(wanted));
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <fieldset class="picker">
      <legend>{label}</legend>
      {servers.length >= FILTER_FROM && (
        <input
          type="search"
          value={text}
          placeholder={t('picker.filter')}
          aria-label={t('picker.filter')}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <div class="picker-list">
        {shown.map(({ id, name, note }) => (
          <label key={id} class="check">
            <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} />
            <span class="cut">
              {name} {note !== undefined && <span class="muted small">{note}</span>}
            </span>
          </label>
        ))}
        {shown.length === 0 && <p class="muted small">{t('matrix.none')}</p>}
      </div>
      <p class="muted small">{t('picker.count', { n: chosen.size })}</p>
    </fieldset>
  );
}
