/** Asks before something that cannot be undone. */
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../../messages/activity/words.ts';
import { t as shell } from '../../../messages/messages.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../ui/field.tsx';

type NamedProps = {
  readonly title: string;
  /** What must be typed; undefined: nothing. */
  readonly name: string | undefined;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly onConfirm: (typed: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};
/** Asks before something that cannot be undone: what it means, the name typed, and what the box says if it refuses. */
export function NamedDialog(props: NamedProps): VNode {
  const { title, name, confirm, danger, onConfirm, onClose, children } = props;
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const isRight = name === undefined || typed === name;
  const go = async (): Promise<void> => {
    if (!isRight || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(typed);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const foot = (
    <>
      {busy && <span class="spinner start" />}
      <button type="button" class="button" onClick={onClose}>
        {shell('common.cancel')}
      </button>
      <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={!isRight || busy}>
        {confirm}
      </button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} foot={foot} onSubmit={() => void go()}>
      <FormError error={error} />
      {children}
      {name !== undefined && <TextField label={t('typeName', { name })} value={typed} onInput={setTyped} required />}
    </Dialog>
  );
}
