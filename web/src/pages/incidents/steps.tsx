/** What happened when, with the time between. */
import type { VNode } from 'preact';
import type { IncidentReport, Step } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { duration } from '../../ui/format.ts';
import { reasonText, timeBeside } from './sentence.ts';

const TONES: Readonly<Record<Step['kind'], string>> = {
  'last-sign': 'bad',
  suspected: 'warn',
  'kept-ready': 'failover',
  covered: 'failover',
  'all-covered': 'failover',
  'taken-over': 'failover',
  'server-back': 'good',
  'handing-back': 'good',
  'handed-back': 'good',
  'takeover-ended': 'good',
  home: 'good',
  closed: 'good',
  remark: '',
};

export function Steps({ report }: { readonly report: IncidentReport }): VNode {
  const { steps, openedAt, state } = report;
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('steps.title')}</h2>
      </div>
      <ol class="incident-steps">
        {steps.map((step, index) => (
          <li key={`${step.kind} ${index}`} class={TONES[step.kind]}>
            <span class="incident-gap">{gapText(step, steps[index - 1])}</span>
            <time dateTime={new Date(step.at).toISOString()}>{timeBeside(step.at, openedAt)}</time>
            <span class="incident-what">{textOf(step, report)}</span>
          </li>
        ))}
        {state !== 'closed' && (
          <li class="open">
            <span class="incident-gap" />
            <span />
            <span class="incident-what">{t('steps.open')}</span>
          </li>
        )}
      </ol>
    </section>
  );
}

const gapText = ({ at }: Step, before: Step | undefined): string =>
  before === undefined ? '' : `+ ${duration((at - before.at) / 1000)}`;

function textOf({ kind, by, message = '' }: Step, report: IncidentReport): string {
  const values = { server: report.serverName, by: report.by.name, cause: reasonText(report.cause), message };
  return kind === 'taken-over' ? t(`steps.taken-over.${by ?? 'automatic'}`) : t(`steps.${kind}`, values);
}
