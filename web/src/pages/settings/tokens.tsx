/** Tokens for scripts: the secret is shown once. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type CreatedToken, type Role, type Token } from '../../api/api.ts';
import { boxNow } from '../../app/box-clock.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { ConfirmDialog, Notice } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { ago } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { useOneAtATime } from '../../ui/one-at-a-time.ts';
import { ROLES } from './user-dialog.tsx';

export function Tokens(): VNode {
  const [tokens, setTokens] = useState<readonly Token[]>([]);
  const [created, setCreated] = useState<CreatedToken>();
  const [removing, setRemoving] = useState<Token>();
  const refresh = async (): Promise<void> => setTokens(await api.tokens());
  useEffect(() => {
    void attempt(refresh);
  }, []);
  const create = async (name: string, role: Role): Promise<boolean> =>
    await attempt(async () => {
      setCreated(await api.createToken(name, role));
      await refresh();
    });
  const remove = async (token: Token): Promise<void> => {
    const isDone = await attempt(async () => {
      await api.deleteToken(token.id);
      toast(t('tokens.removed', { name: token.name }));
      await refresh();
    });
    if (isDone) setRemoving(undefined);
  };
  return (
    <section class="card" aria-labelledby="tokens">
      <div class="card-head">
        <h2 id="tokens">{t('settings.tokens')}</h2>
      </div>
      <p class="muted small">{t('tokens.text')}</p>
      <ul class="list">
        {tokens.map((token) => (
          <TokenRow key={token.id} token={token} onRemove={() => setRemoving(token)} />
        ))}
      </ul>
      {removing !== undefined && (
        <RemoveDialog
          token={removing}
          onConfirm={async () => await remove(removing)}
          onClose={() => setRemoving(undefined)}
        />
      )}
      {created !== undefined && <Secret token={created} />}
      <CreateForm onCreate={create} />
    </section>
  );
}

type CreateProps = { readonly onCreate: (name: string, role: Role) => Promise<boolean> };
function CreateForm({ onCreate }: CreateProps): VNode {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const { busy, run } = useOneAtATime();
  const create = async (): Promise<void> => {
    if (await onCreate(name, role)) setName((now) => (now === name ? '' : now));
  };
  return (
    <form
      class="settings-line"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void run(create);
      }}
    >
      <TextField label={t('tokens.name')} value={name} onInput={setName} />
      <SelectField
        label={t('users.role')}
        value={role}
        onChange={setRole}
        options={ROLES.filter((key) => key !== 'owner').map((key) => [key, t(`role.${key}`)] as const)}
      />
      <button type="submit" class="button" disabled={busy || name === ''}>
        {t('tokens.create')}
      </button>
    </form>
  );
}

function Secret({ token: { name, secret } }: { readonly token: CreatedToken }): VNode {
  return (
    <Notice>
      <p>{t('tokens.secret', { name })}</p>
      <code class="fingerprint">{secret}</code>
    </Notice>
  );
}

type RemoveProps = {
  readonly token: Token;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
};
const RemoveDialog = ({ token, onConfirm, onClose }: RemoveProps): VNode => (
  <ConfirmDialog
    title={word('tokens.deleteTitle', { name: token.name })}
    confirm={t('common.delete')}
    danger
    onConfirm={onConfirm}
    onClose={onClose}
  >
    <p>
      {word('tokens.deleteText')} {word('tokens.deleteUse', { used: usedText(token) })}
    </p>
  </ConfirmDialog>
);

const usedText = ({ lastUsedAt }: Token): string =>
  lastUsedAt === undefined ? t('tokens.unused') : t('tokens.used', { ago: ago(boxNow() - Date.parse(lastUsedAt)) });

function TokenRow({ token, onRemove }: { readonly token: Token; readonly onRemove: () => void }): VNode {
  return (
    <li>
      <Icon name="key" />
      <span class="grow">
        <span class="strong">{token.name}</span> <span class="muted small">{usedText(token)}</span>
      </span>
      <span class="chip">{t(`role.${token.role}`)}</span>
      <button
        type="button"
        class="button quiet icon-only"
        aria-label={`${t('common.delete')}: ${token.name}`}
        onClick={onRemove}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}
