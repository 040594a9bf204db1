/** Users: who may come in, and as what. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type Role, type User } from '../../api/api.ts';
import { access } from '../../app/session.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { FormError, SelectField, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';

export const ROLES = ['viewer', 'operator', 'admin', 'owner'] as const satisfies readonly Role[];

export function Users(): VNode {
  const [users, setUsers] = useState<readonly User[]>([]);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User>();
  const refresh = async (): Promise<void> => setUsers(await api.users());
  useEffect(() => {
    void attempt(refresh);
  }, []);
  const remove = async (user: User): Promise<void> => {
    const done = await attempt(async () => {
      await api.deleteUser(user.id);
      await refresh();
    });
    if (done) setRemoving(undefined);
  };
  const me = access.value.kind === 'signed-in' ? access.value.session.user.id : '';
  return (
    <section class="card" aria-labelledby="users">
      <div class="card-head">
        <h2 id="users">{t('settings.users')}</h2>
        <button type="button" class="button" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          {t('users.add')}
        </button>
      </div>
      <ul class="list">
        {users.map((user) => (
          <li key={user.id}>
            <Icon name="user" />
            <span class="grow strong">{user.username}</span>
            <span class="chip">{t(`role.${user.role}`)}</span>
            <button
              type="button"
              class="button quiet icon-only"
              disabled={user.id === me}
              aria-label={`${t('common.delete')}: ${user.username}`}
              onClick={() => setRemoving(user)}
            >
              <Icon name="trash" />
            </button>
          </li>
        ))}
      </ul>
      {adding && <AddUser onClose={() => setAdding(false)} onDone={refresh} />}
      {removing !== undefined && (
        <ConfirmDialog
          title={t('users.removeTitle', { name: removing.username })}
          confirm={t('common.delete')}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(undefined)}
          danger
        >
          <p>{t('users.removeText')}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function AddUser({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => Promise<void> }): VNode {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [error, setError] = useState<unknown>();
  const submit = async (): Promise<void> => {
    try {
      await api.createUser({ username, password, role });
      await onDone();
      toast(t('users.added', { name: username }));
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
      <button type="submit" class="button primary" disabled={username === '' || password.length < 10}>
        {t('users.add')}
      </button>
    </>
  );
  return (
    <Dialog title={t('users.add')} onClose={onClose} foot={foot} onSubmit={() => void submit()}>
      <FormError error={error} />
      <TextField label={t('signIn.username')} value={username} onInput={setUsername} autoFocus required />
      <TextField
        label={t('signIn.password')}
        value={password}
        onInput={setPassword}
        type="password"
        autoComplete="new-password"
        hint={t('first.passwordHint')}
        required
      />
      <SelectField
        label={t('users.role')}
        value={role}
        onChange={setRole}
        options={ROLES.map((key) => [key, t(`role.${key}`)] as const)}
        hint={t(`roleHint.${role}`)}
      />
    </Dialog>
  );
}
