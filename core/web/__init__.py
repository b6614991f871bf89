"""What views and forms of every app share: fields, pagination, problem+json, declared rights."""
