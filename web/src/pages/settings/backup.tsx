/** The settings of this box in a file that its owner keeps, and back. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { postForFile } from '../../api/client.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { RestoreDialog } from './restore.tsx';

const LEAST_CHARACTERS = 10;

export function Backup(): VNode {
  const [open, setOpen] = useState<'backup' | 'restore'>();
  const close = (): void => setOpen(undefined);
  return (
    <section class="card" aria-labelledby="backup">
      <div class="card-head">
        <h2 id="backup">{word('backup.title')}</h2>
      </div>
      <p class="muted small">{word('backup.text')}</p>
      <div class="row wrap settings-backup">
        <button type="button" class="button" onClick={() => setOpen('backup')}>
          {word('backup.make')}
        </button>
        <button type="button" class="button" onClick={() => setOpen('restore')}>
          {word('restore.open')}
        </button>
      </div>
      {open === 'backup' && <BackupDialog onClose={close} />}
      {open === 'restore' && <RestoreDialog onClose={close} />}
    </section>
  );
}

function BackupDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const differs = again !== '' && again !== passphrase;
  const make = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      save(await postForFile('/server/settings/backup', { passphrase }));
      toast(word('backup.made'));
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button
        type="submit"
        class="button primary"
        disabled={busy || passphrase.length < LEAST_CHARACTERS || again !== passphrase}
      >
        {word('backup.download')}
      </button>
    </>
  );
  return (
    <Dialog title={word('backup.make')} onClose={onClose} foot={foot} onSubmit={() => void make()}>
      <FormError error={error} />
      <p>{word('backup.keep')}</p>
      <TextField
        type="password"
        autoComplete="new-password"
        label={word('backup.passphrase')}
        hint={word('backup.passphraseHint', { n: LEAST_CHARACTERS })}
        value={passphrase}
        onInput={setPassphrase}
      />
      <TextField
        type="password"
        autoComplete="new-password"
        label={word('backup.again')}
        value={again}
        onInput={setAgain}
        error={differs ? word('backup.differs') : undefined}
      />
      {busy && <progress aria-label={word('backup.download')} />}
    </Dialog>
  );
}

function save({ name, blob }: { readonly name: string; readonly blob: Blob }): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
