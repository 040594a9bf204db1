/** The parts of one server's health: what needs attention, volumes, service. */
import type { VNode } from 'preact';
import type { HealthItem, Server, Volume } from '../../api/api.ts';
import { cameraById, now } from '../../app/stores.ts';
import { t as word } from '../../messages/health/words.ts';
import { t } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { ago, decimal, duration, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';

const ORDER: Readonly<Record<HealthItem['severity'], number>> = { error: 0, warning: 1, info: 2 };
const TONES: Readonly<Record<HealthItem['severity'], string>> = { error: 'bad', warning: 'warn', info: 'muted' };

export function Items({ items }: { readonly items: readonly HealthItem[] }): VNode {
  const sorted = items.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return (
    <section class="card" aria-labelledby="attention">
      <div class="card-head">
        <h2 id="attention">{t('health.attention')}</h2>
      </div>
      {sorted.length === 0 && (
        <p class="row good">
          <Icon name="shield" />
          {t('health.allGood')}
        </p>
      )}
      <ul class="items">
        {sorted.map(({ code, severity, message, since, cameraId }) => (
          <li key={`${code}${cameraId ?? ''}${since}`}>
            <span class={TONES[severity]}>
              <Icon name={severity === 'info' ? 'info' : 'alert'} />
              <span class="hidden-text">{t(`severity.${severity}`)}</span>
            </span>
            <span class="grow">
              {cameraId !== undefined && <span class="strong">{cameraById(cameraId)?.name ?? cameraId}: </span>}
              {message}
            </span>
            <span class="muted small">{ago(now.value - Date.parse(since))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type VolumesProps = { readonly volumes: readonly Volume[] | undefined; readonly isHere: boolean };
export function Volumes({ volumes: all, isHere }: VolumesProps): VNode {
  return (
    <section class="card" aria-labelledby="volumes">
      <div class="card-head">
        <h2 id="volumes">{t('health.volumes')}</h2>
      </div>
      {all?.length === 0 && (
        <Empty icon="disk" title={t('health.noVolume')} text={t('health.noVolumeText')}>
          {isHere && (
            <a class="button primary" href="/settings">
              {t('settings.addVolume')}
            </a>
          )}
        </Empty>
      )}
      <ul class="volumes">
        {all?.map((volume) => (
          <VolumeRow key={volume.id} volume={volume} />
        ))}
      </ul>
    </section>
  );
}

function VolumeRow({ volume }: { readonly volume: Volume }): VNode {
  const { path, state, message, totalBytes = 0, freeBytes = 0, footageBytes, forecast } = volume;
  const { daysFit, daysWanted } = forecast;
  const tooShort = daysFit !== undefined && daysWanted !== undefined && daysFit < daysWanted;
  return (
    <li>
      <div class="row">
        <Icon name="disk" />
        <span class="strong grow cut">{path}</span>
        <span class={`chip ${state === 'usable' ? 'good' : 'bad'}`}>
          <span class="dot" />
          {t(`volume.${state}`)}
        </span>
      </div>
      {message !== undefined && <p class="bad small">{message}</p>}
      <Meter
        label={t('health.used')}
        value={totalBytes - freeBytes}
        of={totalBytes}
        text={t('first.free', { free: size(freeBytes), total: size(totalBytes) })}
        tone=""
      />
      {daysFit !== undefined && daysWanted !== undefined && (
        <Meter
          label={t('health.forecast')}
          value={daysFit}
          of={daysWanted}
          text={t('health.daysFit', { fit: decimal(daysFit), wanted: decimal(daysWanted) })}
          tone={tooShort ? 'short' : 'fits'}
        />
      )}
      <p class="muted small">
        {t('health.footage', { size: size(footageBytes), perDay: size(forecast.bytesPerDay ?? 0) })}
      </p>
    </li>
  );
}

type MeterProps = {
  readonly label: string;
  readonly value: number;
  readonly of: number;
  readonly text: string;
  readonly tone: string;
};
function Meter({ label, value, of, text, tone }: MeterProps): VNode {
  return (
    <div>
      <div class="row small">
        <span class="grow">{label}</span>
        <span class={tone === 'short' ? 'warn' : 'muted'}>{text}</span>
      </div>
      <progress
        class={`meter ${tone}`}
        max={Math.max(1, of)}
        value={Math.min(value, of)}
        aria-label={`${label}: ${text}`}
      />
    </div>
  );
}

export function Processes({ box }: { readonly box: Server }): VNode {
  return (
    <section class="card" aria-labelledby="processes">
      <div class="card-head">
        <h2 id="processes">{t('health.processes')}</h2>
      </div>
      <ProcessFacts box={box} />
      <Technical box={box} />
    </section>
  );
}

function ProcessFacts({ box: { mode, processes, startedAt, version, platform } }: { readonly box: Server }): VNode {
  const { media, memoryBytes } = processes;
  return (
    <dl class="facts">
      <dt>{t('health.media')}</dt>
      <dd class={media.running ? '' : 'bad'}>{t(media.running ? 'health.running' : 'health.stopped')}</dd>
      <dt>{t('health.restarts')}</dt>
      <dd>{media.restarts}</dd>
      <dt>{t('health.memory')}</dt>
      <dd>{memoryBytes === undefined ? '–' : size(memoryBytes)}</dd>
      <dt>{t('health.up')}</dt>
      <dd>{duration(Math.max(0, now.value - Date.parse(startedAt)) / 1000)}</dd>
      <dt>{t('settings.version')}</dt>
      <dd>{version}</dd>
      <dt>{t('settings.platform')}</dt>
      <dd>{[platform.model, platform.os, platform.arch].filter(Boolean).join(' · ')}</dd>
      <Suitability mode={mode} platform={platform} />
    </dl>
  );
}

/** Whether another server could stand in for it; nobody does for one that only stands in for others. */
function Suitability({ mode, platform: { os, frameGrabbers = [] } }: Pick<Server, 'mode' | 'platform'>): VNode | null {
  if (mode === 'failover') return null;
  const isNetBsd = /^netbsd\b/i.test(os);
  const names = frameGrabbers.join(', ');
  return (
    <>
      <dt>{word('hardware')}</dt>
      <dd class={isNetBsd || names !== '' ? 'warn' : ''}>
        {isNetBsd && word('hardware.netbsd')}
        {!isNetBsd && (names === '' ? word('hardware.suited') : word('hardware.grabbers', { names }))}
      </dd>
    </>
  );
}

/** For whoever looks for why a box is slow. */
function Technical({ box }: { readonly box: Server }): VNode | null {
  const { loopDelayP99Ms } = box.processes.media;
  if (loopDelayP99Ms === undefined) return null;
  return (
    <details class="health-technical">
      <summary>{word('technical')}</summary>
      <dl class="facts">
        <dt>{word('technical.delay')}</dt>
        <dd>{word('technical.delayValue', { n: decimal(loopDelayP99Ms) })}</dd>
      </dl>
      <p class="muted small">{word('technical.delayHint')}</p>
    </details>
  );
}
