/** A release file is sent to this box, which checks it; nothing is installed by that. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { sendRelease } from '../../../api/updates.ts';
import { toast } from '../../../app/toasts.tsx';
import { t as word } from '../../../messages/messages.ts';
import { t } from '../../../messages/settings/words.ts';
import { FormError } from '../../../ui/field.tsx';

type Sending = { readonly bytes: number; readonly sent: number };
export function AddRelease({ onAdded }: { readonly onAdded: () => void }): VNode {
  const [sending, setSending] = useState<Sending>();
  const [error, setError] = useState<unknown>();
  const field = useRef<HTMLInputElement>(null);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const send = async (file: File): Promise<void> => {
    const { signal } = (abort.current = new AbortController());
    setError(undefined);
    setSending({ bytes: file.size, sent: 0 });
    try {
      const onSent = (sent: number): void => setSending({ bytes: file.size, sent });
      const { release } = await sendRelease(file, { onSent, abort: signal, unreadable: t('updates.unreadable') });
      toast(t('updates.added', { version: release?.version ?? '' }));
    } catch (problem) {
      if (!signal.aborted) setError(problem);
    }
    setSending(undefined);
    onAdded();
  };
  return (
    <div class="settings-backup">
      <FormError error={error} />
      {/* The button is what is seen and reached; the field behind it opens the files of this computer. */}
      <input
        ref={field}
        type="file"
        hidden
        aria-label={t('updates.file')}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          event.currentTarget.value = '';
          if (file !== undefined) void send(file);
        }}
      />
      {sending === undefined ? (
        <button type="button" class="button" onClick={() => field.current?.click()}>
          {t('updates.add')}
        </button>
      ) : (
        <div class="row">
          <progress
            class="grow"
            value={sending.sent}
            max={Math.max(1, sending.bytes)}
            aria-label={t('updates.sending')}
          />
          <button type="button" class="button" onClick={() => abort.current?.abort()}>
            {word('common.cancel')}
          </button>
        </div>
      )}
      <p class="muted small">{t('updates.addText')}</p>
    </div>
  );
}
