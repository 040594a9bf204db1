/** `understudy incidents`: failures from first suspicion to last returned footage, and the whole account of one. */
import type { Command } from 'commander';
import type { Incident, IncidentReport } from '../api/contract/incidents.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { StreamReport } from '../failover/incident-facts.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson, secondsText } from './text-output.ts';

export function registerIncidents(program: Command): void {
  withServerOptions(
    program
      .command('incidents')
      .description('failures that a failover server saw, newest first; with an id the whole account of one')
      .argument('[id]', 'of one incident, as listed'),
  ).action(incidents);
}

async function incidents(id: string | undefined, options: ServerOptions): Promise<void> {
  const api = await apiOf('incidents', options);
  if (id === undefined) {
    const { items } = (await api.call('GET', '/incidents?limit=1000')) as { readonly items: readonly Incident[] };
    if (options.json === true) return printJson({ incidents: items });
    if (items.length === 0) return print('No failure was seen.');
    process.stdout.write(columnsOf(items.map(rowOf)));
    return;
  }
  const report = (await api.call('GET', `/incidents/${encodeURIComponent(id)}/report`)) as IncidentReport;
  if (options.json === true) return printJson(report);
  print(`${report.serverName}: ${report.summary}`);
  process.stdout.write(columnsOf(report.streams.map(streamRow)));
}

const rowOf = ({ id, serverName, state, cause, startedAt, endedAt, missingSeconds }: Incident): readonly string[] => [
  startedAt,
  serverName,
  state,
  cause,
  endedAt ?? 'goes on',
  state === 'open' ? '' : `${secondsText(missingSeconds)} missing`,
  id,
];

function streamRow(entry: StreamReport): readonly string[] {
  const { name, stream, lastFrame, firstCovered, gapMs, missing, returned } = entry;
  const lost = missing.map(({ cause, ms }) => `${secondsText(ms / 1000)} ${cause}`).join(', ');
  return [
    `${name}/${stream}`,
    `last frame there ${isoOf(epochMs(lastFrame))}`,
    firstCovered === undefined ? 'not recorded here' : `first frame here ${isoOf(epochMs(firstCovered))}`,
    gapMs === undefined ? '' : `${secondsText(gapMs / 1000)} later`,
    `${returned.files} files returned`,
    lost === '' ? '' : `missing: ${lost}`,
  ];
}
