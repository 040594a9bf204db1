/**
 * Replacing a server for good, step by step: by whom, before and after, what it means with its name typed, then how far it is.
 * What runs goes on without this dialog, and is shown again from the page.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { activityApi, type ReplacementView, type ReplaceServerResult } from '../../../api/activity.ts';
import { ApiError } from '../../../api/client.ts';
import { t } from '../../../messages/activity/words.ts';
import { t as shell } from '../../../messages/messages.ts';
import { t as w } from '../../../messages/replacing/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../ui/field.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { serverUrl } from '../../../api/server-url.ts';
import { useFresh } from '../fresh.ts';
import type { Activity } from './activity-data.ts';
import { ReplacementSteps } from './replacements.tsx';
import { STEPS, successorsOf, useWizard, type Step, type Successor, type Wizard } from './wizard.ts';

const LOOK_EVERY_MS = 1000;

type Props = {
  readonly activity: Activity;
  readonly serverId: string;
  readonly name: string;
  /** One that runs already. */
  readonly replacement?: string;
  readonly onClose: () => void;
  readonly refresh: () => void;
};
export function ReplaceWizard(props: Props): VNode {
  const { name, activity, onClose } = props;
  const [successors] = useState(() => successorsOf(activity.spares, props.serverId));
  const wizard = useWizard(props, successors[0]);
  const { step, error, by, preview } = wizard;
  return (
    <Dialog
      title={w('title', { server: name })}
      onClose={onClose}
      foot={<Foot name={name} wizard={wizard} onClose={onClose} />}
      onSubmit={() => void wizard.goOn()}
      wide
    >
      <Stepper now={step} />
      <FormError error={error} />
      {isForHost(error) && <HostLink activity={activity} />}
      {step === 'choose' && <Choose name={name} successors={successors} wizard={wizard} />}
      {step === 'compare' && preview !== undefined && <Compare by={by?.name ?? ''} preview={preview} />}
      {step === 'confirm' && preview !== undefined && by !== undefined && (
        <>
          <Meaning name={name} by={by} warnings={preview.warnings} />
          <TextField label={t('typeName', { name })} value={wizard.typed} onInput={wizard.setTyped} required />
        </>
      )}
      {step === 'run' && <Progress activity={activity} id={wizard.running} by={by} />}
    </Dialog>
  );
}

type FootProps = { readonly name: string; readonly wizard: Wizard; readonly onClose: () => void };
function Foot({ name, wizard: { step, busy, canGoOn, goBack }, onClose }: FootProps): VNode {
  return (
    <>
      {busy && <span class="spinner start" />}
      {(step === 'compare' || step === 'confirm') && (
        <button type="button" class="button" disabled={busy} onClick={goBack}>
          {w('back')}
        </button>
      )}
      {step !== 'run' && (
        <button type="button" class="button" onClick={onClose}>
          {shell('common.cancel')}
        </button>
      )}
      <button type="submit" class={`button ${step === 'confirm' ? 'danger' : 'primary'}`} disabled={!canGoOn}>
        {w(`next.${step}`, { server: name })}
      </button>
    </>
  );
}

const isForHost = (error: unknown): boolean => error instanceof ApiError && error.problem.code === 'replace/managed';
function HostLink({ activity: { host } }: { readonly activity: Activity }): VNode | null {
  const url = serverUrl(host.host);
  return url === undefined ? null : (
    <a href={`${url}failover/activity`}>{w('atHost', { host: host.host?.name ?? '' })}</a>
  );
}

function Stepper({ now }: { readonly now: Step }): VNode {
  const at = STEPS.indexOf(now);
  return (
    <ol class="act-stepper" aria-label={w('steps')}>
      {STEPS.map((step, index) => (
        <li
          key={step}
          class={index < at ? 'done' : index === at ? 'now' : ''}
          aria-current={index === at ? 'step' : undefined}
        >
          <span>{index < at ? <Icon name="check" /> : index + 1}</span>
          {w(step)}
        </li>
      ))}
    </ol>
  );
}

type ChooseProps = { readonly name: string; readonly successors: readonly Successor[]; readonly wizard: Wizard };
/** Not to be changed while before and after of the chosen one are asked for: those would be another's. */
function Choose({ name, successors, wizard: { by, setBy, busy } }: ChooseProps): VNode {
  if (successors.length === 0) return <Notice tone="warn">{w('nobody', { server: name })}</Notice>;
  return (
    <fieldset class="stack" disabled={busy}>
      <legend>{w('who', { server: name })}</legend>
      {successors.map((one) => (
        <label key={one.id} class="check act-choice">
          <input type="radio" name="successor" checked={one.id === by?.id} onChange={() => setBy(one)} />
          <span>
            <span class="name strong">{one.name}</span>
            <small>{w(one.isActing ? 'acting' : 'other', { server: name })}</small>
          </span>
        </label>
      ))}
      {successors.every(({ isActing }) => isActing) && <p class="muted">{w('noOther')}</p>}
    </fieldset>
  );
}

type Identity = ReplaceServerResult['before'];
function Compare({
  by,
  preview: { before, after },
}: {
  readonly by: string;
  readonly preview: ReplaceServerResult;
}): VNode {
  const names = (list: readonly string[]): string => (list.length === 0 ? w('none') : list.join(', '));
  const row = (title: string, of: (identity: Identity) => ComponentChildren): VNode => (
    <tr>
      <th scope="row">{title}</th>
      <td>{of(before)}</td>
      <td>{of(after)}</td>
    </tr>
  );
  return (
    <div class="table-box act-compare" tabIndex={0} role="region" aria-label={w('compare')}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{by}</th>
            <th scope="col">{w('before')}</th>
            <th scope="col">{w('after')}</th>
          </tr>
        </thead>
        <tbody>
          {row(w('name'), ({ name }) => (
            <strong class="name">{name}</strong>
          ))}
          {row(w('cameras'), ({ cameras }) => (
            <>
              <strong>{cameras.length}</strong> <span class="muted">{names(cameras.map(({ name }) => name))}</span>
            </>
          ))}
          {row(w('users'), ({ users }) => names(users))}
          {row(w('tokens'), ({ tokens }) => names(tokens))}
        </tbody>
      </table>
    </div>
  );
}

type MeaningProps = { readonly name: string; readonly by: Successor; readonly warnings: readonly string[] };
function Meaning({ name, by, warnings }: MeaningProps): VNode {
  const words = { server: name, by: by.name };
  return (
    <>
      <Notice tone="warn">{w('forGood', words)}</Notice>
      <ul class="act-bullets">
        <li>{w('recording', words)}</li>
        <li>{w('original', words)}</li>
        <li>{w('footage', words)}</li>
        <li>{w(by.isActing ? 'accountsActing' : 'accounts', words)}</li>
        {warnings.map((warning) => (
          <li key={warning} class="warn-text">
            {warning}
          </li>
        ))}
      </ul>
    </>
  );
}

type ProgressProps = {
  readonly activity: Activity;
  readonly id: string | undefined;
  readonly by: Successor | undefined;
};
/** Asked of all who may drive it: the successor is no failover server any more when it is done. */
function Progress({ activity, id, by }: ProgressProps): VNode {
  const places = [
    ...new Set([
      activity.ownId,
      ...activity.spares.map((spare) => spare.id),
      ...(by?.isActing === true ? [by.id] : []),
    ]),
  ];
  const look = async (): Promise<ReplacementView | undefined> => {
    const answers = await Promise.allSettled(places.map((at) => activityApi.replacements(at)));
    return answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      .find((one) => one.id === id);
  };
  const { value } = useFresh(look, { everyMs: LOOK_EVERY_MS });
  if (value === undefined) return <span class="spinner" />;
  const words = { server: value.serverName, by: value.byName };
  return (
    <div class="stack" role="status">
      <ReplacementSteps replacement={value} />
      {value.state === 'done' ? (
        <Notice>
          {w('done', words)} {value.originalTold ? w('told') : t('replacement.notTold', words)}
        </Notice>
      ) : (
        <p class="muted">{w('goesOn')}</p>
      )}
    </div>
  );
}
