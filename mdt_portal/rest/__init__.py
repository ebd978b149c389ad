"""What the framework of the API loads before any of its views: parser, pages, filters, the gate, the schema."""
