/** English of the first run: what the box shall be, where to go next. */
export const en = {
  'step.role': 'Role',
  'step.next': 'Next',
  'title.role': 'What shall this box be?',
  'title.failover': 'Ready to stand by',
  'title.host': 'Ready to manage a site',
  'role.legend': 'Role of this box',
  'role.recording': 'Recording server',
  'role.recordingText': 'Records its cameras. The usual choice, also for a box that stands alone.',
  'role.failover': 'Failover server',
  'role.failoverText':
    'Stands by, records for other servers within seconds when they fail, and gives the footage back.',
  'role.host': 'Host of a site',
  'role.hostText': 'Manages several servers from one page. It may record cameras too.',
  'role.later': 'You can change this later in the settings.',
  'role.goOn': 'Go on',
  'storage.failover': 'What it records for others waits here until it has been returned.',
  'forecast.days': 'At the present rate the volumes hold about {n} days of these cameras; then the oldest goes first.',
  'forecast.later': 'How many days the volumes hold is known when the cameras have recorded for a while: see Health.',
  'next.failoverText':
    'Now add a server to protect. Its settings are copied here, its cameras are kept ready, and a drill shows how fast it would be covered.',
  'next.failover': 'Add a server to protect',
  'next.hostText':
    'Now add the other servers. Search the network, or let a server behind another router dial in with a pairing code.',
  'next.host': 'Add servers',
  'next.live': 'Go to live view',
} as const;
