/** Short messages in the corner, spoken politely; errors in the API's words stay until closed. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { ApiError } from '../api/client.ts';
import { t } from '../messages/messages.ts';
import { timesRead } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

type ToastLink = { readonly to: string; readonly text: string };
type Toast = {
  readonly id: number;
  readonly kind: 'good' | 'bad';
  readonly text: string;
  readonly link: ToastLink | undefined;
};
const SHOWN_MS = 5000;
/** With a link: somebody may want to follow it. */
const SHOWN_WITH_LINK_MS = 20_000;
const MAX_TOASTS = 4;
const toasts = signal<readonly Toast[]>([]);
const spoken = signal('');
let last = 0;

export function toast(text: string, kind: Toast['kind'] = 'good', link?: ToastLink): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value, { id, kind, text, link }].slice(-MAX_TOASTS);
  say(text);
  if (kind === 'good') setTimeout(() => dismiss(id), link === undefined ? SHOWN_MS : SHOWN_WITH_LINK_MS);
}

/** For a screen reader only. */
export function say(text: string): void {
  spoken.value = text;
}

export const messageOf = (error: unknown): string =>
  error instanceof ApiError || error instanceof Error ? timesRead(error.message) : t('error.unknown');

/** Runs what may fail and shows the failure; answers whether it succeeded. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    toast(messageOf(error), 'bad');
    return false;
  }
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

export function Toasts(): VNode {
  return (
    <section class="toasts" aria-label={t('shell.toasts')}>
      <div class="hidden-text" role="status" aria-live="polite">
        {spoken.value}
      </div>
      {toasts.value.map(({ id, kind, text, link }) => (
        <div key={id} class="toast">
          <span class={kind}>
            <Icon name={kind === 'good' ? 'check' : 'alert'} />
          </span>
          <p>
            {text}
            {link !== undefined && (
              <a class="toast-link" href={link.to} onClick={() => dismiss(id)}>
                {link.text}
              </a>
            )}
          </p>
          <button
            type="button"
            class="button quiet icon-only"
            aria-label={t('common.close')}
            onClick={() => dismiss(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </section>
  );
}
