/** A box that is alone: what to do so that another one stands in for it, or it for another one. */
import type { ComponentChildren, VNode } from 'preact';
import { server } from '../../../app/stores.ts';
import { t } from '../../../messages/servers/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Fingerprint } from './fingerprint.tsx';
import type { SetOpen } from './open.ts';
import type { ServerRow } from './rows.ts';
import { MODE_ICONS } from './server-chip.tsx';
import { isHost, isOwner } from './store.ts';

export const needsFirstSteps = (all: readonly ServerRow[]): boolean => all.every(({ isOwn }) => isOwn);

export function FirstSteps({ onOpen }: { readonly onOpen: SetOpen }): VNode | null {
  const box = server.value;
  if (box === undefined) return null;
  const kind = isHost.value ? 'host' : box.mode;
  return (
    <section class="first-steps" aria-labelledby="first-steps">
      <div class="first-steps-head">
        <Icon name={MODE_ICONS[kind]} />
        <h2 id="first-steps">{t(`first.${kind}.title`)}</h2>
        <p class="muted">{t(`first.${kind}.text`)}</p>
      </div>
      {kind === 'recording' ? <AddedSteps onOpen={onOpen} /> : <AddingSteps kind={kind} onOpen={onOpen} />}
      {!isOwner.value && <p class="muted">{t('first.ownerOnly')}</p>}
    </section>
  );
}

type StepProps = { readonly n: number; readonly title: string; readonly children: ComponentChildren };
function Step({ n, title, children }: StepProps): VNode {
  return (
    <li class="card first-step">
      <span class="step-number" aria-hidden="true">
        {n}
      </span>
      <div class="stack grow">
        <h3>{title}</h3>
        {children}
      </div>
    </li>
  );
}

/** A recording server is added by a failover server or a host. */
function AddedSteps({ onOpen }: { readonly onOpen: SetOpen }): VNode {
  return (
    <ol class="first-list">
      <Step n={1} title={t('first.other.title')}>
        <p class="muted">{t('first.other.text')}</p>
      </Step>
      <Step n={2} title={t('first.there.title')}>
        <p class="muted">{t('first.there.text')}</p>
        <OwnPlace />
      </Step>
      <Step n={3} title={t('first.code.title')}>
        <p class="muted">{t('first.code.text')}</p>
        {isOwner.value && (
          <div>
            <button type="button" class="button" onClick={() => onOpen({ kind: 'add', way: 'code' })}>
              <Icon name="key" />
              {t('enterCode')}
            </button>
          </div>
        )}
      </Step>
    </ol>
  );
}

function OwnPlace(): VNode | null {
  const box = server.value;
  if (box === undefined) return null;
  return (
    <dl class="facts">
      <dt>{t('first.address')}</dt>
      <dd>{box.addresses.length === 0 ? location.hostname : box.addresses.join(', ')}</dd>
      <dt>{t('first.port')}</dt>
      <dd>{box.httpPort}</dd>
      <dt>{t('first.fingerprint')}</dt>
      <dd>
        <Fingerprint hex={box.fingerprint} />
      </dd>
    </dl>
  );
}

function AddingSteps({ kind, onOpen }: { readonly kind: 'failover' | 'host'; readonly onOpen: SetOpen }): VNode {
  return (
    <ol class="first-list">
      <Step n={1} title={t('first.find.title')}>
        <p class="muted">{t('first.find.text')}</p>
        {isOwner.value && (
          <div class="row wrap">
            <button type="button" class="button primary" onClick={() => onOpen({ kind: 'add', way: 'address' })}>
              <Icon name="plus" />
              {t('addServer')}
            </button>
            <button type="button" class="button" onClick={() => onOpen({ kind: 'batch' })}>
              <Icon name="search" />
              {t('addSeveral')}
            </button>
          </div>
        )}
      </Step>
      <Step n={2} title={t('first.account.title')}>
        <p class="muted">{t(`first.account.${kind}`)}</p>
      </Step>
      <Step n={3} title={t('first.drill.title')}>
        <p class="muted">{t('first.drill.text')}</p>
      </Step>
    </ol>
  );
}
