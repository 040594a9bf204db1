/** Name, address, ports and lock of one server. Somebody else may change them meanwhile: then both versions are shown. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/servers/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { CheckField, FormError, TextField } from '../../../ui/field.tsx';
import { nameProblemOf } from '../../../../../src/site/name.ts';
import { Conflict } from './conflict.tsx';
import type { DialogPart } from './dialogs.tsx';
import type { Draft } from './draft.ts';
import { Foot } from './foot.tsx';
import type { ServerRow } from './rows.ts';
import { rowById } from './store.ts';
import { useEdit, type Edit } from './use-edit.ts';

export function EditDialog({ open: { id }, onClose }: DialogPart<'edit'>): VNode | null {
  // As it was when the dialog was opened: what is typed stays whatever the list says meanwhile.
  const [row] = useState(() => rowById(id));
  return row === undefined ? null : <EditRow row={row} onClose={onClose} />;
}

type RowProps = { readonly row: ServerRow };
function EditRow({ row, onClose }: RowProps & { readonly onClose: () => void }): VNode {
  const edit = useEdit(row, onClose);
  const [typed, setTyped] = useState('');
  const { draft, theirs, isRisky, error, busy } = edit;
  const isReady = draft !== undefined && nameError(draft, row) === undefined && (!isRisky || typed === row.name);
  const foot = <Foot onClose={onClose} main={shell('common.save')} isReady={isReady} danger={isRisky} busy={busy} />;
  return (
    <Dialog
      title={t('edit.title', { name: row.name })}
      onClose={onClose}
      {...(theirs === undefined ? { foot, onSubmit: () => void edit.save() } : {})}
    >
      <FormError error={error} />
      {draft !== undefined && (theirs === undefined ? <Fields row={row} edit={edit} draft={draft} /> : null)}
      {draft !== undefined && theirs !== undefined && (
        <Conflict mine={draft} theirs={theirs} onMine={() => void edit.save()} onTheirs={edit.takeTheirs} />
      )}
      {isRisky && theirs === undefined && (
        <Notice tone="bad">
          <p>{t('edit.risk', { name: row.name })}</p>
          <TextField label={t('typeName', { name: row.name })} value={typed} onInput={setTyped} />
        </Notice>
      )}
    </Dialog>
  );
}

const nameError = ({ name }: Draft, row: ServerRow): string | undefined =>
  name === row.name ? undefined : nameProblemOf(name);

type FieldsProps = RowProps & { readonly draft: Draft; readonly edit: Edit };
function Fields({ row, draft, edit }: FieldsProps): VNode {
  const { known, isMember, isOwn } = row;
  const set = (change: Partial<Draft>): void => edit.setDraft({ ...draft, ...change });
  const canName = isOwn || (isMember && known?.connected === true);
  return (
    <>
      {canName ? (
        <TextField
          label={t('name')}
          value={draft.name}
          onInput={(name) => set({ name })}
          error={nameError(draft, row)}
          hint={t('edit.nameHint')}
          autoFocus
        />
      ) : (
        <p class="muted">{t(isMember ? 'edit.nameAway' : 'edit.nameThere', { name: row.name })}</p>
      )}
      {known !== undefined && <Place draft={draft} set={set} />}
      {isMember && (
        <CheckField
          label={t('edit.lock')}
          hint={t('edit.lockHint')}
          checked={draft.locked}
          onChange={(locked) => set({ locked })}
        />
      )}
    </>
  );
}

function Place({ draft, set }: { readonly draft: Draft; readonly set: (change: Partial<Draft>) => void }): VNode {
  return (
    <>
      <CheckField
        label={t('edit.dialsIn')}
        hint={t('edit.dialsInHint')}
        checked={draft.dialsIn}
        onChange={(dialsIn) => set({ dialsIn })}
      />
      {!draft.dialsIn && <TextField label={t('fact.address')} value={draft.host} onInput={(host) => set({ host })} />}
      <div class="columns">
        <TextField
          label={t('edit.httpPort')}
          value={draft.httpPort}
          onInput={(httpPort) => set({ httpPort })}
          type="number"
        />
        <TextField
          label={t('edit.peerPort')}
          value={draft.peerPort}
          onInput={(peerPort) => set({ peerPort })}
          type="number"
        />
      </div>
    </>
  );
}
