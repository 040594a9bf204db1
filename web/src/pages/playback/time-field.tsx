/** A date and time in the local zone, to the millisecond where nobody typed: the hour that comes twice is asked about, the one left out is said. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../messages/playback/words.ts';
import { afterSkipped, instantsOf, zoneName } from '../../timeline/zone.ts';
import { clockTime, localInput } from '../../ui/format.ts';
import { TextField } from '../../ui/field.tsx';

type TimeProps = {
  readonly label: string;
  readonly value: number;
  readonly onChange: (at: number) => void;
  readonly error?: string | undefined;
  readonly autoFocus?: boolean;
};

export function TimeField({ label, value, onChange, error, autoFocus = false }: TimeProps): VNode {
  const [text, setText] = useState(localInput(value));
  const typed = text !== localInput(value) && instantsOf(text).length === 0;
  const skipped = typed ? afterSkipped(text) : undefined;
  const shown = typed ? text : localInput(value);
  const both = instantsOf(localInput(value));
  const onInput = (next: string): void => {
    setText(next);
    const [first] = instantsOf(next);
    const at = first ?? afterSkipped(next);
    if (at !== undefined) onChange(at);
  };
  const said = skipped === undefined ? error : t('skipped', { time: `${clockTime(skipped)} ${zoneName(skipped)}` });
  return (
    <div class="time-field">
      <TextField
        label={label}
        type="datetime-local"
        step="1"
        value={shown}
        onInput={onInput}
        error={said}
        autoFocus={autoFocus}
      />
      {both.length === 2 && !typed && <Which both={both} value={value} onChange={onChange} />}
    </div>
  );
}

type WhichProps = { readonly both: readonly number[]; readonly value: number; readonly onChange: (at: number) => void };
function Which({ both, value, onChange }: WhichProps): VNode {
  const [, second = 0] = both;
  return (
    <fieldset class="which">
      <legend>{t('twice')}</legend>
      {both.map((at, index) => (
        <label key={at} class="check">
          <input type="radio" checked={value < second === (index === 0)} onChange={() => onChange(at)} />
          <span>{t(index === 0 ? 'first' : 'second', { time: clockTime(at), zone: zoneName(at) })}</span>
        </label>
      ))}
    </fieldset>
  );
}
