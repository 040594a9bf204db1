/** First run: owner's account with the certificate explained, a volume, cameras; then live view. Each step can be left and done later. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type VolumeSuggestion } from '../../api/api.ts';
import { navigate } from '../../app/router.ts';
import { access, firstRun, signedIn } from '../../app/session.ts';
import { cameras, refreshVolumes } from '../../app/stores.ts';
import { plural, t } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { FormError, TextField } from '../../ui/field.tsx';
import { fingerprintText, size } from '../../ui/format.ts';
import { Discovery } from '../cameras/discovery.tsx';
import { Front } from './front.tsx';

const STEPS = ['first.stepOwner', 'first.stepVolume', 'first.stepCameras'] as const;
const TITLES = ['first.titleOwner', 'first.titleVolume', 'first.titleCameras'] as const;

export function FirstRunPage(): VNode {
  const [step, setStep] = useState(access.value.kind === 'signed-in' ? 1 : 0);
  const finish = (): void => {
    firstRun.value = false;
    navigate('/live', 'replace');
  };
  const steps = (
    <ol class="steps" aria-label={t('first.steps')}>
      {STEPS.map((name, index) => (
        <li key={name} aria-current={index === step ? 'step' : undefined}>
          <i aria-hidden="true">{index + 1}</i>
          {t(name)}
        </li>
      ))}
    </ol>
  );
  return (
    <Front title={t(TITLES[step] ?? 'first.titleOwner')} steps={steps} wide>
      {step === 0 && <OwnerStep onDone={() => setStep(1)} />}
      {step === 1 && <VolumeStep onDone={() => setStep(2)} />}
      {step === 2 && <CamerasStep onDone={finish} />}
    </Front>
  );
}

const MIN_PASSWORD = 10;

function OwnerStep({ onDone }: { readonly onDone: () => void }): VNode {
  const now = access.value;
  const setup = now.kind === 'setup' ? now.setup : undefined;
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [serverName, setServerName] = useState(setup?.serverName ?? '');
  const [error, setError] = useState<unknown>();
  const tooShort = password.length > 0 && password.length < MIN_PASSWORD;
  const submit = async (): Promise<void> => {
    setError(undefined);
    try {
      const session = await api.setUp({ username, password, ...(serverName === '' ? {} : { serverName }) });
      firstRun.value = true;
      signedIn(session);
      onDone();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p class="muted">{t('first.ownerText')}</p>
      <FormError error={error} />
      <div class="columns">
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
          autoComplete="new-password"
          error={tooShort ? t('first.passwordShort', { n: MIN_PASSWORD - password.length }) : undefined}
          hint={t('first.passwordHint')}
          required
        />
      </div>
      <TextField label={t('first.serverName')} value={serverName} onInput={setServerName} />
      <Certificate fingerprint={setup?.fingerprint ?? ''} />
      <div class="row end">
        <button type="submit" class="button primary" disabled={username === '' || password.length < MIN_PASSWORD}>
          {t('first.createOwner')}
        </button>
      </div>
    </form>
  );
}

function Certificate({ fingerprint }: { readonly fingerprint: string }): VNode {
  return (
    <div class="field">
      <span class="label">{t('first.certificate')}</span>
      <p class="muted small">{t('first.certificateText')}</p>
      <code class="fingerprint">{fingerprintText(fingerprint)}</code>
    </div>
  );
}

function VolumeStep({ onDone }: { readonly onDone: () => void }): VNode {
  const [suggestions, setSuggestions] = useState<readonly VolumeSuggestion[]>();
  const [path, setPath] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const load = async (): Promise<void> => {
      const { items } = await api.volumeSuggestions();
      setSuggestions(items);
      setPath(items[0]?.path ?? '');
    };
    load().catch(setError);
  }, []);
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.createVolume(path);
      await refreshVolumes();
      onDone();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p class="muted">{t('first.volumeText')}</p>
      {error !== undefined && <FormError error={error} />}
      <fieldset class="stack">
        <legend class="hidden-text">{t('first.volumeLegend')}</legend>
        {suggestions?.map((suggestion) => (
          <VolumeChoice
            key={suggestion.path}
            suggestion={suggestion}
            checked={path === suggestion.path}
            onChoose={setPath}
          />
        ))}
        {suggestions?.length === 0 && <Notice tone="warn">{t('first.noVolume')}</Notice>}
      </fieldset>
      <TextField label={t('first.volumePath')} value={path} onInput={setPath} hint={t('first.volumePathHint')} />
      <div class="row end">
        <button type="button" class="button quiet" onClick={onDone}>
          {t('first.later')}
        </button>
        <button type="submit" class="button primary" disabled={path === '' || busy}>
          {t('first.useVolume')}
        </button>
      </div>
    </form>
  );
}

type ChoiceProps = {
  readonly suggestion: VolumeSuggestion;
  readonly checked: boolean;
  readonly onChoose: (path: string) => void;
};
function VolumeChoice({
  suggestion: { path, fileSystem, totalBytes, freeBytes },
  checked,
  onChoose,
}: ChoiceProps): VNode {
  return (
    <label class="choice">
      <input type="radio" name="volume" checked={checked} onChange={() => onChoose(path)} />
      <span class="grow">
        <span class="strong">{path}</span>
        <span class="muted small"> {fileSystem}</span>
      </span>
      <span class="muted small">{t('first.free', { free: size(freeBytes), total: size(totalBytes) })}</span>
    </label>
  );
}

function CamerasStep({ onDone }: { readonly onDone: () => void }): VNode {
  const count = cameras.value?.length ?? 0;
  return (
    <div class="stack">
      <p class="muted">{t('first.camerasText')}</p>
      <Discovery auto />
      <div class="row end">
        <span class="muted grow">{count > 0 ? plural(count, 'cameras.one', 'cameras.many') : ''}</span>
        <button type="button" class={`button ${count > 0 ? 'primary' : ''}`} onClick={onDone}>
          {t(count > 0 ? 'first.done' : 'first.later')}
        </button>
      </div>
    </div>
  );
}
