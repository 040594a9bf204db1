/** Deutsch. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  'stop.title': 'Rückgabe an {server} abbrechen?',
  'stop.text':
    'Was {server} noch nicht hat, wird bei {by} gelöscht und als fehlend verbucht. Es ist nicht wiederzubringen.',
  'stop.home': 'Schon zu Hause',
  'stop.homeText': '{size} in {n} Dateien. Sie bleiben.',
  'stop.lost': 'Würde gelöscht',
  'stop.lostText': '{size} in {n} Dateien, {time} Aufnahmen',
  'stop.lostSnapshots': 'Schnappschüsse: {n}',
  'stop.confirm': 'Abbrechen und löschen',
  'stop.done': 'Die Rückgabe an {server} wurde abgebrochen',
  'takeOver.title': '{server} von Hand übernehmen?',
  'takeOver.by': 'Durch',
  'takeOver.text': '{by} nimmt die Kameras von {server} ({n}) sofort auf, was immer {server} tut.',
  'takeOver.alive':
    '{server} lebt und nimmt auf. Seine Kameras werden dann doppelt aufgenommen, und jede muss zwei Server einlassen.',
  'takeOver.end': 'Das endet nur durch Zurückgeben: {server} bekommt seine Kameras nicht von selbst zurück.',
  'takeOver.confirm': 'Übernehmen',
  'takeOver.done': '{by} vertritt {server}',
  handOver: 'Übergeben …',
  'handOver.title': 'Die Kameras von {server} übergeben?',
  'handOver.text':
    'Bevor {server} aktualisiert, neu gestartet oder ausgeschaltet wird: Die Failover-Server nehmen seine Kameras zuerst auf. Dann steht hier, ob er gefahrlos angehalten werden kann.',
  'handOver.end':
    'Läuft {server} wieder, bekommt er alles von selbst zurück. Wird er nicht binnen zehn Minuten angehalten, gehen seine Kameras auch zurück.',
  'handOver.confirm': 'Übergeben',
  'handOver.again': 'Noch einmal versuchen',
  'handOver.busy': 'Die Failover-Server beginnen aufzunehmen; das dauert einige Sekunden.',
  'handOver.safe': 'Aufgenommen durch {by}: {server} kann bis {time} gefahrlos angehalten werden.',
  'handOver.back':
    'Soll {server} doch nicht angehalten werden, geben Sie seine Kameras zurück; um {time} geschieht das von selbst.',
  'handOver.unsafe': '{server} kann nicht gefahrlos angehalten werden: {n} von {all} Strömen nimmt sonst niemand auf.',
  'takeHost.title': '{host} die Rolle des Hosts abnehmen?',
  'takeHost.heard':
    '{host} ist noch zu hören: von diesem oder einem anderen Server. Die Rolle wechselt trotzdem, wenn Sie seinen Namen eingeben.',
  'takeHost.manages': '{own} verwaltet dann die Server der Anlage; sie folgen von selbst.',
  'takeHost.goesOn': 'Aufnahme und Vertretung merken davon nichts.',
  'takeHost.accounts':
    'Die Konten der Anlage gehen mit: Melden Sie sich an {own} an wie bisher an {host}. Besitzer von {own} bleiben es.',
  'takeHost.back': '{host} gibt nach, wenn er zurück ist, und kann die Rolle wieder bekommen.',
  'takeHost.confirm': 'Rolle übernehmen',
  'takeHost.done': 'Dieser Server ist jetzt der Host der Anlage',
  'clear.title': 'Diesen Server neu verwenden?',
  'clear.text':
    'Die Kameras von {server} und ihre Kennwörter werden hier entfernt, und alle, die ihn schützen oder verwalten, vergessen ihn. Seine Aufnahmen bleiben.',
  'clear.confirm': 'Entfernen und neu einrichten',
  'clear.done': 'Dieser Server kann neu eingerichtet werden',
};
