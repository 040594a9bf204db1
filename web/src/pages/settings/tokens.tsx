/** Tokens for scripts: the secret is shown once. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type CreatedToken, type Role, type Token } from '../../api/api.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { ago } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { ROLES } from './users.tsx';

export function Tokens(): VNode {
  const [tokens, setTokens] = useState<readonly Token[]>([]);
  const [created, setCreated] = useState<CreatedToken>();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const refresh = async (): Promise<void> => setTokens(await api.tokens());
  useEffect(() => {
    void attempt(refresh);
  }, []);
  const create = (): void => {
    void attempt(async () => {
      setCreated(await api.createToken(name, role));
      setName('');
      await refresh();
    });
  };
  const remove = (token: Token): void => {
    void attempt(async () => {
      await api.deleteToken(token.id);
      await refresh();
      toast(t('tokens.removed', { name: token.name }));
    });
  };
  return (
    <section class="card" aria-labelledby="tokens">
      <div class="card-head">
        <h2 id="tokens">{t('settings.tokens')}</h2>
      </div>
      <p class="muted small">{t('tokens.text')}</p>
      <ul class="list">
        {tokens.map((token) => (
          <TokenRow key={token.id} token={token} onRemove={() => remove(token)} />
        ))}
      </ul>
      {created !== undefined && <Secret token={created} />}
      <form
        class="settings-line"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <TextField label={t('tokens.name')} value={name} onInput={setName} />
        <SelectField
          label={t('users.role')}
          value={role}
          onChange={setRole}
          options={ROLES.filter((key) => key !== 'owner').map((key) => [key, t(`role.${key}`)] as const)}
        />
        <button type="submit" class="button" disabled={name === ''}>
          {t('tokens.create')}
        </button>
      </form>
    </section>
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

function TokenRow({ token, onRemove }: { readonly token: Token; readonly onRemove: () => void }): VNode {
  return (
    <li>
      <Icon name="key" />
      <span class="grow">
        <span class="strong">{token.name}</span>{' '}
        <span class="muted small">
          {token.lastUsedAt === undefined
            ? t('tokens.unused')
            : t('tokens.used', { ago: ago(Date.now() - Date.parse(token.lastUsedAt)) })}
        </span>
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
