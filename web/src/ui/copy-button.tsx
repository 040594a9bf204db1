/** Copies a text, where the browser allows it: not on plain HTTP. */
import type { VNode } from 'preact';
import { attempt, toast } from '../app/toasts.tsx';
import { t } from '../messages/messages.ts';
import { Icon } from './icon.tsx';

/** `what`: how the text is called. */
export function CopyButton({ what, text }: { readonly what: string; readonly text: string }): VNode | null {
  if (!isSecureContext) return null;
  const copy = (): void =>
    void attempt(async () => {
      await navigator.clipboard.writeText(text);
      toast(t('common.copied'));
    });
  return (
    <button type="button" class="button quiet icon-only" aria-label={t('common.copy', { what })} onClick={copy}>
      <Icon name="copy" />
    </button>
  );
}
