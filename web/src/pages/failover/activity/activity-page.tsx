/** What failover does and did: covers, takeovers, footage on its way home, who watches whom, drills, the host's role, the log. */
import type { ComponentType, VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ReplacementView } from '../../../api/activity.ts';
import { server } from '../../../app/stores.ts';
import { attempt } from '../../../app/toasts.tsx';
import { t } from '../../../messages/activity/words.ts';
import { t as shell, wordsReady } from '../../../messages/messages.ts';
import { Empty, Notice } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { serverUrl } from '../../../api/server-url.ts';
import { FailoverPage } from '../failover-page.tsx';
import { useFresh } from '../fresh.ts';
import { createLooker, eachOf, type Activity } from './activity-data.ts';
import { ActivityLog } from './activity-log.tsx';
import './activity.css';
import type { Dialogs } from './dialogs.tsx';
import { Drills, RunningDrill } from './drills.tsx';
import { Fenced, HostGone, HostSection } from './host.tsx';
import type { Open, Opened } from './parts.tsx';
import { isOfInterest, ReplacementCard } from './replacements.tsx';
import { Restorations } from './restorations.tsx';
import { TakeoverCard } from './takeovers.tsx';
import { Watched } from './watched.tsx';

const LOOK_EVERY_MS = 2000;

export function ActivityPage(): VNode {
  const own = server.value;
  return <FailoverPage>{own === undefined ? <Waiting /> : <Content key={own.id} mode={own.mode} />}</FailoverPage>;
}

function Content({ mode }: { readonly mode: string }): VNode {
  const looker = useMemo(createLooker, []);
  const [opened, setOpened] = useState<Opened>();
  const { value, error, refresh } = useFresh(looker.look, { key: mode, everyMs: LOOK_EVERY_MS, on: ['server'] });
  useEffect(() => {
    // Behind what is shown first, so that a dialog opens at once.
    import('./dialogs.tsx').catch(() => undefined);
  }, []);
  const again = (): void => {
    looker.forget();
    refresh();
  };
  if (value === undefined) return error === undefined ? <Waiting /> : <FormError error={error} />;
  return (
    <div class="act-page">
      {error !== undefined && <FormError error={error} />}
      <Fenced open={setOpened} />
      <HostGone view={value.host} open={setOpened} />
      {value.spares.length === 0 ? (
        <>
          <Replacements all={value.ownReplacements} open={setOpened} />
          <Nobody activity={value} />
        </>
      ) : (
        <>
          <Now activity={value} open={setOpened} refresh={again} />
          <Restorations spares={value.spares} open={setOpened} />
          <Watched spares={value.spares} open={setOpened} refresh={again} />
          <Drills spares={value.spares} />
        </>
      )}
      <HostSection view={value.host} open={setOpened} />
      <ActivityLog places={placesOf(value)} />
      {opened !== undefined && (
        <OpenedDialog
          opened={opened}
          activity={value}
          open={setOpened}
          refresh={again}
          onClose={() => setOpened(undefined)}
        />
      )}
    </div>
  );
}

function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{shell('common.loading')}</span>
    </div>
  );
}

/** This box, and the failover servers that answer: one that covers first. */
function placesOf({ ownId, spares }: Activity): readonly { readonly id: string; readonly name: string }[] {
  const there = spares.filter(({ facts }) => facts !== undefined);
  const own = { id: ownId, name: server.peek()?.name ?? '' };
  return there.some(({ id }) => id === ownId) ? there : [...there, own];
}

type NowProps = { readonly activity: Activity; readonly open: Open; readonly refresh: () => void };
function Now({ activity: { spares, ownReplacements }, open, refresh }: NowProps): VNode {
  const takeovers = eachOf(spares, (facts) => facts.takeovers);
  const drills = eachOf(spares, (facts) => facts.drills).filter(({ item }) => item.endedAt === undefined);
  const replacements = eachOf(spares, (facts) => facts.replacements).map(({ item }) => item);
  return (
    <div class="stack">
      {takeovers.map((found) => (
        <TakeoverCard key={found.item.id} found={found} open={open} refresh={refresh} />
      ))}
      {takeovers.length === 0 && <Calm activity={{ spares }} />}
      <Replacements all={[...ownReplacements, ...replacements]} open={open} />
      {drills.map((found) => (
        <RunningDrill key={found.item.id} found={found} />
      ))}
    </div>
  );
}

type ReplacementsProps = { readonly all: readonly ReplacementView[]; readonly open: Open };
function Replacements({ all, open }: ReplacementsProps): VNode {
  const unique = [...new Map(all.map((one) => [one.id, one])).values()];
  return (
    <>
      {unique.filter(isOfInterest).map((one) => (
        <ReplacementCard key={one.id} replacement={one} open={open} />
      ))}
    </>
  );
}

/** Nothing is covered: said with what was looked at, and without those that could not be asked. */
function Calm({ activity: { spares } }: { readonly activity: Pick<Activity, 'spares'> }): VNode {
  const watched = new Map(eachOf(spares, (facts) => facts.watched).map(({ item }) => [item.id, item]));
  const notWell = [...watched.values()].filter(({ watch }) => watch?.state !== 'alive');
  const isUnknown = spares.some(({ facts }) => facts === undefined);
  const names = notWell.map(({ name }) => name).join(', ');
  return (
    <div class={`card act-card act-calm ${notWell.length > 0 || isUnknown ? '' : 'tone-good'}`}>
      <header class="act-card-head">
        <Icon name="shield" />
        <div class="grow">
          <h2>{t(isUnknown ? 'calm.unknown' : 'calm')}</h2>
          <p class="muted">{names === '' ? t('calm.well', { n: watched.size }) : t('calm.notWell', { names })}</p>
        </div>
      </header>
    </div>
  );
}

/** No failover server can be asked from here. */
function Nobody({ activity: { host, protectors } }: { readonly activity: Activity }): VNode {
  const url = host.isHost ? undefined : serverUrl(host.host);
  if (protectors.length > 0)
    return (
      <Notice>
        <p>{t('nobody.protected', { names: protectors.map(({ name }) => name).join(', ') })}</p>
        {url !== undefined && (
          <a href={`${url}failover/activity`}>{t('nobody.atHost', { host: host.host?.name ?? '' })}</a>
        )}
      </Notice>
    );
  return (
    <Empty icon="shield" title={t('nobody')} text={t(host.isHost ? 'nobody.inSite' : 'nobody.text')}>
      <a class="button primary" href="/failover">
        {t('nobody.add')}
      </a>
    </Empty>
  );
}

type DialogsProps = Parameters<typeof Dialogs>[0];
/** Seldom needed, so loaded when one is. */
function OpenedDialog(props: DialogsProps): VNode | null {
  const [Loaded, setLoaded] = useState<{ readonly it: ComponentType<DialogsProps> }>();
  useEffect(() => {
    const load = async (): Promise<void> => {
      const loaded = await import('./dialogs.tsx');
      await wordsReady();
      setLoaded({ it: loaded.Dialogs });
    };
    // Closed again, so that the next click asks anew.
    void attempt(load).then((isLoaded) => isLoaded || props.onClose());
  }, []);
  return Loaded === undefined ? null : <Loaded.it {...props} />;
}
