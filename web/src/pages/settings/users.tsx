/** Users: who may come in, and as what. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type User } from '../../api/api.ts';
import { access } from '../../app/session.ts';
import { hostAddress, server } from '../../app/stores.ts';
import { attempt } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { ConfirmDialog, Notice } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { UserDialog } from './user-dialog.tsx';

export function Users(): VNode {
  const [users, setUsers] = useState<readonly User[]>([]);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User>();
  const [editing, setEditing] = useState<User>();
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
  return (
    <section class="card" aria-labelledby="users">
      <div class="card-head">
        <h2 id="users">{t('settings.users')}</h2>
        <button type="button" class="button" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          {t('users.add')}
        </button>
      </div>
      <AtHost />
      <ul class="list">
        {users.map((user) => (
          <UserRow key={user.id} user={user} onEdit={() => setEditing(user)} onRemove={() => setRemoving(user)} />
        ))}
      </ul>
      {adding && <UserDialog onClose={() => setAdding(false)} onDone={refresh} />}
      {editing !== undefined && <UserDialog user={editing} onClose={() => setEditing(undefined)} onDone={refresh} />}
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

type RowProps = { readonly user: User; readonly onEdit: () => void; readonly onRemove: () => void };
function UserRow({ user, onEdit, onRemove }: RowProps): VNode {
  const me = access.value.kind === 'signed-in' ? access.value.session.user.id : '';
  return (
    <li>
      <Icon name="user" />
      <button type="button" class="user-name grow" onClick={onEdit}>
        <span class="cut">{user.username}</span>
        {user.cameraIds !== undefined && (
          <span class="muted small">{word('users.someCameras', { n: user.cameraIds.length })}</span>
        )}
      </button>
      <span class="chip">{t(`role.${user.role}`)}</span>
      <button
        type="button"
        class="button quiet icon-only"
        disabled={user.id === me}
        aria-label={`${t('common.delete')}: ${user.username}`}
        onClick={onRemove}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}

/** The accounts that work everywhere are those of the host. */
function AtHost(): VNode | null {
  const host = server.value?.site.host;
  if (host === undefined) return null;
  const to = hostAddress(host);
  return (
    <Notice>
      {word('users.atHost', { name: host.name })}{' '}
      {to !== undefined && <a href={`${to}/settings`}>{word('users.toHost')}</a>}
    </Notice>
  );
}
