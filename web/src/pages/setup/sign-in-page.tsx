/** Sign in. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../../api/api.ts';
import { access, signedIn } from '../../app/session.ts';
import { t } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { Front } from './front.tsx';

export function SignInPage(): VNode {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const now = access.value;
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      signedIn(await api.signIn(username, password));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Front title={now.kind === 'signed-out' ? now.setup.serverName : ''} subtitle={t('signIn.subtitle')}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {now.kind === 'signed-out' && now.reason !== undefined && <Notice tone="warn">{now.reason}</Notice>}
        <FormError error={error} />
        <TextField
          label={t('signIn.username')}
          value={username}
          onInput={setUsername}
          autoComplete="username"
          autoFocus
          required
        />
        <TextField
          label={t('signIn.password')}
          value={password}
          onInput={setPassword}
          type="password"
          autoComplete="current-password"
          required
        />
        <button type="submit" class="button primary" disabled={busy}>
          {t('signIn.submit')}
        </button>
      </form>
    </Front>
  );
}
