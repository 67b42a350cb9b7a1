"""Sources: what a site's connectors bring, as rows."""
