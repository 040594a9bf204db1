/** Restoring the settings of this box: the file, what it would change, and then all of it or nothing. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { RestoreSettingsResult } from '../../../../src/api/contract/own-backup.ts';
import { post } from '../../api/client.ts';
import { base64Of } from '../../api/file-bytes.ts';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { RestoreChanges, losses } from './restore-changes.tsx';

/** As many bytes as the API takes in base64. */
const MAX_FILE_BYTES = 4_190_000;

type Step = { readonly kind: 'file' } | { readonly kind: 'shown' | 'done'; readonly result: RestoreSettingsResult };

export function RestoreDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const [file, setFile] = useState<File>();
  const [passphrase, setPassphrase] = useState('');
  const [typed, setTyped] = useState('');
  const [step, setStep] = useState<Step>({ kind: 'file' });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const ask = async (shown: RestoreSettingsResult | undefined): Promise<void> => {
    if (file === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      const sure = shown === undefined ? {} : { confirm: shown.name.before, revision: shown.revision };
      const body = { backup: await base64Of(file, word('restore.unreadable')), passphrase, ...sure };
      const result = await post<RestoreSettingsResult>('/server/settings/restore', body);
      setStep({ kind: result.restored ? 'done' : 'shown', result });
    } catch (problem) {
      setError(problem);
      setStep({ kind: 'file' });
      // Its field is a new one, and empty.
      if (shown !== undefined) setFile(undefined);
    } finally {
      setBusy(false);
    }
  };
  // Whoever closes it now would not hear that everything is another.
  const isRestoring = busy && step.kind === 'shown';
  // Everything on the page, and perhaps who is signed in, is another now.
  const close = (): void => {
    if (step.kind === 'done') location.reload();
    else if (!isRestoring) onClose();
  };
  const shown = step.kind === 'file' ? undefined : step.result;
  const asksName = step.kind === 'shown' && losses(step.result) > 0;
  const ready = !busy && file !== undefined && passphrase !== '' && (!asksName || typed === shown?.name.before);
  return (
    <Dialog
      title={word('restore.title')}
      onClose={close}
      onSubmit={() => (step.kind === 'done' ? close() : void ask(shown))}
      foot={<Foot {...{ step, ready, isRestoring }} danger={asksName} onClose={close} />}
    >
      <FormError error={error} />
      {step.kind === 'file' ? (
        <FileFields {...{ file, passphrase, busy }} onFile={setFile} onPassphrase={setPassphrase} />
      ) : (
        <RestoreChanges result={step.result} />
      )}
      {asksName && (
        <TextField
          label={word('restore.confirm', { name: step.result.name.before })}
          value={typed}
          onInput={setTyped}
        />
      )}
      {busy && <progress aria-label={word('restore.title')} />}
    </Dialog>
  );
}

type FootProps = {
  readonly step: Step;
  readonly ready: boolean;
  readonly isRestoring: boolean;
  readonly danger: boolean;
  readonly onClose: () => void;
};
function Foot({ step, ready, isRestoring, danger, onClose }: FootProps): VNode {
  if (step.kind === 'done')
    return (
      <button type="submit" class="button primary">
        {t('common.close')}
      </button>
    );
  return (
    <>
      <button type="button" class="button" disabled={isRestoring} onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={!ready}>
        {word(step.kind === 'file' ? 'restore.show' : 'restore.do')}
      </button>
    </>
  );
}

type FileProps = {
  readonly busy: boolean;
  readonly file: File | undefined;
  readonly onFile: (file: File | undefined) => void;
  readonly passphrase: string;
  readonly onPassphrase: (passphrase: string) => void;
};
/** Not to be changed while it is asked what the chosen file would change: another one would be restored. */
function FileFields({ busy, file, onFile, passphrase, onPassphrase }: FileProps): VNode {
  const isLarge = file !== undefined && file.size > MAX_FILE_BYTES;
  return (
    <fieldset class="stack" disabled={busy}>
      <p>{word('restore.text')}</p>
      <div class="field">
        <label for="restore-file">{word('restore.file')}</label>
        <input
          id="restore-file"
          type="file"
          aria-invalid={isLarge || undefined}
          aria-describedby={isLarge ? 'restore-file-error' : undefined}
          onChange={({ currentTarget: { files } }) => onFile(files?.[0])}
        />
        {isLarge && (
          <span class="error" id="restore-file-error">
            {word('restore.tooLarge')}
          </span>
        )}
      </div>
      <TextField
        type="password"
        autoComplete="off"
        label={word('backup.passphrase')}
        value={passphrase}
        onInput={onPassphrase}
      />
    </fieldset>
  );
}

/** `data:…;base64,` stands before it. */
