/** How a failover server sees a server that it protects, in German. */
import type { en } from './en.ts';

export const de: Readonly<Record<keyof typeof en, string>> = {
  'watch.unknown': 'Noch nicht gehört',
  'watch.connected': 'Verbunden',
  'watch.started': 'Gestartet',
  'watch.alive': 'Lebt',
  'watch.suspected': 'Verdächtig',
  'watch.shut-down': 'Heruntergefahren',
  'watch.failed': 'Ausgefallen',
  'watch.taken-over': 'Übernommen',
  'watch.returning': 'Kehrt zurück',
  'watch.restoring': 'Rückgabe',
  'watch.disabled': 'Abgeschaltet',
};
