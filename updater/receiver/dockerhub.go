package receiver

// dockerHub reads the webhook of a repository on Docker Hub. Its callback_url is
// never called: the forger of a notification would choose which host is asked.
func dockerHub(m message) ([]string, error) {
	var payload struct {
		Repository struct {
			RepoName string `json:"repo_name"`
		}
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	image, err := m.at("docker.io", payload.Repository.RepoName)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
