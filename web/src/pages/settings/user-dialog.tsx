/** One account: role, password, and the cameras it may see, over all servers of the site. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api, type Role, type User } from '../../api/api.ts';
import { patch } from '../../api/client.ts';
import { access } from '../../app/session.ts';
import { cameras, cameraServers } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { CheckField, FormError, SelectField, TextField } from '../../ui/field.tsx';
import { useOneAtATime } from '../../ui/one-at-a-time.ts';

export const ROLES = ['viewer', 'operator', 'admin', 'owner'] as const satisfies readonly Role[];
const MIN_PASSWORD = 10;

type Draft = {
  readonly username: string;
  readonly password: string;
  /** Needed with a new password of one's own. */
  readonly current: string;
  readonly role: Role;
  /** Absent: all. */
  readonly cameraIds: readonly string[] | undefined;
};
type Set_ = (change: Partial<Draft>) => void;
type Props = { readonly user?: User; readonly onClose: () => void; readonly onDone: () => Promise<void> };

const isMe = (user: User | undefined): boolean =>
  access.value.kind === 'signed-in' && user !== undefined && access.value.session.user.id === user.id;

const draftOf = (user: User | undefined): Draft => ({
  username: user?.username ?? '',
  password: '',
  current: '',
  role: user?.role ?? 'viewer',
  cameraIds: user?.cameraIds,
});

export function UserDialog({ user, onClose, onDone }: Props): VNode {
  const [draft, setDraft] = useState(() => draftOf(user));
  const [error, setError] = useState<unknown>();
  const { busy, run } = useOneAtATime();
  const set: Set_ = (change) => setDraft((before) => ({ ...before, ...change }));
  const submit = async (): Promise<void> => {
    try {
      await save(draft, user);
      await onDone();
      toast(
        user === undefined ? t('users.added', { name: draft.username }) : word('users.saved', { name: user.username }),
      );
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={busy || !isReady(draft, user)}>
        {user === undefined ? t('users.add') : t('common.save')}
      </button>
    </>
  );
  return (
    <Dialog title={user?.username ?? t('users.add')} onClose={onClose} foot={foot} onSubmit={() => void run(submit)}>
      <FormError error={error} />
      {user === undefined && (
        <TextField
          label={t('signIn.username')}
          value={draft.username}
          onInput={(username) => set({ username })}
          autoFocus
          required
        />
      )}
      <Password draft={draft} set={set} user={user} />
      <SelectField
        label={t('users.role')}
        value={draft.role}
        onChange={(role) => set({ role })}
        options={ROLES.map((key) => [key, t(`role.${key}`)] as const)}
        hint={t(`roleHint.${draft.role}`)}
      />
      {(draft.role === 'viewer' || draft.role === 'operator') && <Cameras draft={draft} set={set} />}
    </Dialog>
  );
}

function isReady({ username, password, current }: Draft, user: User | undefined): boolean {
  if (user === undefined) return username !== '' && password.length >= MIN_PASSWORD;
  return password === '' || (password.length >= MIN_PASSWORD && (!isMe(user) || current !== ''));
}

async function save({ username, password, current, role, cameraIds }: Draft, user: User | undefined): Promise<void> {
  const limited = role === 'viewer' || role === 'operator' ? cameraIds : undefined;
  if (user === undefined) {
    await api.createUser({ username, password, role, ...(limited === undefined ? {} : { cameraIds: [...limited] }) });
    return;
  }
  await patch(`/users/${encodeURIComponent(user.id)}`, {
    ...(role === user.role ? {} : { role }),
    ...(password === '' ? {} : { password }),
    ...(password === '' || current === '' ? {} : { currentPassword: current }),
    ...(limited === user.cameraIds ? {} : { cameraIds: limited ?? null }),
  });
}

type PartProps = { readonly draft: Draft; readonly set: Set_ };
function Password({ draft, set, user }: PartProps & { readonly user: User | undefined }): VNode {
  return (
    <>
      <TextField
        label={user === undefined ? t('signIn.password') : word('users.newPassword')}
        value={draft.password}
        onInput={(password) => set({ password })}
        type="password"
        autoComplete="new-password"
        hint={t('first.passwordHint')}
        required={user === undefined}
        placeholder={user === undefined ? '' : t('camera.passwordKept')}
      />
      {isMe(user) && draft.password !== '' && (
        <TextField
          label={word('users.currentPassword')}
          value={draft.current}
          onInput={(current) => set({ current })}
          type="password"
          autoComplete="current-password"
        />
      )}
    </>
  );
}

/** Those of every server: one account sees the site. Chosen from when they are known: of none that is told yet, none could be seen. */
function Cameras({ draft: { cameraIds }, set }: PartProps): VNode {
  const all = cameras.value ?? [];
  const several = cameraServers.value.length > 1;
  const chosen = new Set(cameraIds);
  const toggle = (id: string, on: boolean): void => {
    const rest = (cameraIds ?? []).filter((other) => other !== id);
    set({ cameraIds: on ? [...rest, id] : rest });
  };
  return (
    <fieldset class="stack">
      <CheckField
        label={word('users.allCameras')}
        checked={cameraIds === undefined}
        disabled={cameras.value === undefined}
        onChange={(on) => set({ cameraIds: on ? undefined : all.map(({ id }) => id) })}
      />
      {cameraIds !== undefined && (
        <ul class="user-cameras" aria-label={word('users.cameras')}>
          {all.map(({ id, name, server }) => (
            <li key={id}>
              <CheckField
                label={several ? `${name} · ${server.name}` : name}
                checked={chosen.has(id)}
                onChange={(on) => toggle(id, on)}
              />
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}
