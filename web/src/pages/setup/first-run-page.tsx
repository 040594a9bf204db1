/** First run: owner's account with the certificate explained, what the box shall be, a volume, cameras; each but the first two may wait. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../../api/api.ts';
import { navigate } from '../../app/router.ts';
import { access, firstRun, signedIn } from '../../app/session.ts';
import { cameras, refreshVolumes, volumes } from '../../app/stores.ts';
import { plural, t } from '../../messages/messages.ts';
import { t as word } from '../../messages/setup/words.ts';
import { FormError, TextField } from '../../ui/field.tsx';
import { decimal, fingerprintText } from '../../ui/format.ts';
import { Discovery } from '../cameras/discovery.tsx';
import { fitOf } from '../cameras/forecast.ts';
import { Front } from './front.tsx';
import { NextStep, RoleStep, type Mode } from './role-step.tsx';
import { VolumeStep } from './volume-step.tsx';

type Step = 'owner' | 'role' | 'volume' | 'cameras' | 'next';
/** A failover server has no cameras of its own; what it and a host do next is on another page. */
const STEPS: Readonly<Record<Mode, readonly Step[]>> = {
  recording: ['owner', 'role', 'volume', 'cameras'],
  failover: ['owner', 'role', 'volume', 'next'],
  host: ['owner', 'role', 'volume', 'cameras', 'next'],
};
const nameOf = (step: Step): string => {
  if (step === 'owner') return t('first.stepOwner');
  if (step === 'volume') return t('first.stepVolume');
  return step === 'cameras' ? t('first.stepCameras') : word(`step.${step}`);
};
function titleOf(step: Step, mode: Mode): string {
  if (step === 'owner') return t('first.titleOwner');
  if (step === 'volume') return t('first.titleVolume');
  if (step === 'cameras') return t('first.titleCameras');
  return step === 'role' ? word('title.role') : word(mode === 'host' ? 'title.host' : 'title.failover');
}

export function FirstRunPage(): VNode {
  const [step, setStep] = useState<Step>(access.value.kind === 'signed-in' ? 'role' : 'owner');
  const [mode, setMode] = useState<Mode>('recording');
  const steps = STEPS[mode];
  const leave = (to: string): void => {
    firstRun.value = false;
    navigate(to, 'replace');
  };
  const goOn = (): void => {
    const next = steps[steps.indexOf(step) + 1];
    if (next === undefined) leave('/live');
    else setStep(next);
  };
  const list = (
    <ol class="steps" aria-label={t('first.steps')}>
      {steps.map((name, index) => (
        <li key={name} aria-current={name === step ? 'step' : undefined}>
          <i aria-hidden="true">{index + 1}</i>
          {nameOf(name)}
        </li>
      ))}
    </ol>
  );
  const chosen = (next: Mode): void => {
    setMode(next);
    setStep('volume');
  };
  return (
    <Front title={titleOf(step, mode)} steps={list} wide>
      {step === 'owner' && <OwnerStep onDone={goOn} />}
      {step === 'role' && <RoleStep onDone={chosen} />}
      {step === 'volume' && <VolumeStep mode={mode} onDone={goOn} />}
      {step === 'cameras' && <CamerasStep isLast={steps.at(-1) === 'cameras'} onDone={goOn} />}
      {step === 'next' && <NextStep mode={mode} onGo={leave} />}
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

const FORECAST_MS = 5000;
/** How long footage of the cameras lasts; known when they have recorded for a while. */
function Forecast(): VNode {
  useEffect(() => {
    const ask = (): void => void refreshVolumes().catch(() => undefined);
    ask();
    const timer = setInterval(ask, FORECAST_MS);
    return () => clearInterval(timer);
  }, []);
  const days = fitOf(volumes.value ?? []);
  return (
    <p class="muted" role="status">
      {days === undefined ? word('forecast.later') : word('forecast.days', { n: decimal(days) })}
    </p>
  );
}

function CamerasStep({ isLast, onDone }: { readonly isLast: boolean; readonly onDone: () => void }): VNode {
  const count = cameras.value?.length ?? 0;
  return (
    <div class="stack">
      <p class="muted">{t('first.camerasText')}</p>
      <Discovery auto />
      {count > 0 && <Forecast />}
      <div class="row end">
        <span class="muted grow">{count > 0 ? plural(count, 'cameras.one', 'cameras.many') : ''}</span>
        <button type="button" class={`button ${count > 0 ? 'primary' : ''}`} onClick={onDone}>
          {count === 0 ? t('first.later') : isLast ? t('first.done') : word('role.goOn')}
        </button>
      </div>
    </div>
  );
}
