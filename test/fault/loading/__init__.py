"""Load for a server that is being hurt, and the proof that nothing is lost.

    crowd = Crowd(server.port, {"admin1": token, ...}, clients=8)
    crowd.start()
    ...                     # kill the server, start it again on its port
    crowd.finish()          # every report sent so far is answered now
    crowd.faults            # sentences; empty when all went well
    server.stop()
    audit(server.db, crowd.reports())   # sentences, too

A client counts a report as taken only when it has read the whole 2xx. One
that has no answer is sent again, byte for byte, until it has one; so in the
end the database must hold exactly the reports that were answered.
"""

from .audit import audit, facts_of, open_database
from .burst import burst
from .crowd import Crowd, Report
from .powercut import cut_power
from .shim import Disk, shim

__all__ = ["Crowd", "Disk", "Report", "audit", "burst", "cut_power",
           "facts_of", "open_database", "shim"]
