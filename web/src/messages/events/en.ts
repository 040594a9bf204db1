/** English of the log over the site. */
export const en = {
  server: 'Server',
  'server.all': 'All servers',
  'server.here': '{name} (this box)',
  'part.missing': 'What {name} wrote down is missing here: {words}',
  'part.stale': '{name} can not be asked now; shown is what it wrote down before: {words}',
  'part.slow': 'no answer within {seconds} s.',
  'part.some':
    'Shown are {n} of {all} servers: this box, failover servers, then the others by name. Choose a server to see its log.',
  'files.choose': 'Choose a server to save its log',
  'host.elsewhere': 'The log of the other servers is shown at their host.',
  'host.go': 'Go to {name}',
} as const;
