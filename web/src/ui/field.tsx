/** Form fields: label, control, hint and error tied together for everybody. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { ApiError } from '../api/client.ts';
import { messageOf } from '../app/toasts.tsx';
import { Notice } from './dialog.tsx';

type TextProps = {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: 'text' | 'password' | 'number' | 'search' | 'datetime-local' | 'date';
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly required?: boolean;
  readonly autoFocus?: boolean;
  readonly step?: string;
};

export function TextField(props: TextProps): VNode {
  const {
    label,
    value,
    onInput,
    type = 'text',
    hint,
    error,
    placeholder,
    autoComplete = 'off',
    required,
    autoFocus,
    step,
  } = props;
  const id = useId();
  const notes = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].join(' ').trim();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        {...typeOf(type)}
        value={value}
        placeholder={placeholder}
        autoComplete={autoComplete}
        autoFocus={autoFocus}
        required={required}
        step={step}
        spellcheck={false}
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={notes === '' ? undefined : notes}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {error !== undefined && (
        <span class="error" id={`${id}-error`}>
          {error}
        </span>
      )}
      {hint !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

/** Preact's types tell each kind of input apart, which one variable kind cannot satisfy. */
const typeOf = (type: string): { readonly type: 'text' } => ({ type }) as { readonly type: 'text' };

type SelectProps<V extends string> = {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [V, string])[];
  readonly onChange: (value: V) => void;
  readonly hint?: string;
  readonly hideLabel?: boolean;
};
export function SelectField<V extends string>({
  label,
  value,
  options,
  onChange,
  hint,
  hideLabel,
}: SelectProps<V>): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? 'hidden-text' : undefined}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          const chosen = options.find(([key]) => key === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen[0]);
        }}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

type CheckProps = {
  readonly label: ComponentChildren;
  readonly hint?: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
};
export function CheckField({ label, hint, checked, disabled = false, onChange }: CheckProps): VNode {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint !== undefined && <small>{hint}</small>}
      </span>
    </label>
  );
}

/** What the API said about the whole form, with the places it named. */
export function FormError({ error }: { readonly error: unknown }): VNode | null {
  const place = useRef<HTMLDivElement>(null);
  // It stands at the top of a form, which may be scrolled away.
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [error]);
  if (error === undefined) return null;
  const issues = error instanceof ApiError ? (error.problem.issues ?? []) : [];
  return (
    <div ref={place}>
      <Notice tone="bad">
        {messageOf(error)}
        {issues.length > 0 && (
          <ul>
            {issues.map(({ path, message }) => (
              <li key={path + message}>
                <span class="mono">{path}</span>: {message}
              </li>
            ))}
          </ul>
        )}
      </Notice>
    </div>
  );
}
