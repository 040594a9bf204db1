/** Sign in. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type SetupState } from '../../api/api.ts';
import { access, signedIn } from '../../app/session.ts';
import { t } from '../../messages/messages.ts';
import { t as here } from '../../messages/sign-in/words.ts';
import { Notice } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { serverUrl } from '../../api/server-url.ts';
import { Front } from './front.tsx';

/** A box may take the name of another one, or give the role of the host away, while somebody is about to sign in. */
const LOOK_EVERY_MS = 5000;
async function lookAgain(): Promise<void> {
  if (document.hidden) return;
  const setup = await api.setupState().catch(() => undefined);
  const now = access.peek();
  if (setup === undefined || now.kind !== 'signed-out' || JSON.stringify(setup) === JSON.stringify(now.setup)) return;
  access.value = setup.needed ? { kind: 'setup', setup } : { ...now, setup };
}

export function SignInPage(): VNode {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const now = access.value;
  useEffect(() => {
    const timer = setInterval(() => void lookAgain(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
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
        {now.kind === 'signed-out' && now.setup.host !== undefined && <Moved setup={now.setup} host={now.setup.host} />}
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

type MovedProps = { readonly setup: SetupState; readonly host: NonNullable<SetupState['host']> };
/** The role of the host went from here to another server, and with it the accounts of the site. */
function Moved({ setup, host }: MovedProps): VNode {
  const url = serverUrl(host);
  return (
    <Notice>
      <p>{here('moved', { host: host.name, own: setup.serverName })}</p>
      {url !== undefined && <a href={url}>{here('open', { host: host.name })}</a>}
    </Notice>
  );
}
